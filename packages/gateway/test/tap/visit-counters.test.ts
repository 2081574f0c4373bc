import { reasons } from '@reverse-http/protocol/errors';
import { expect, test } from 'vitest';
import { createVisitCounters, type VisitCounters } from '../../src/tap/visit-counters.js';
import type { VisitOutcome } from '../../src/visit/visit.js';

function end(counters: VisitCounters, status: number, durationMs: number, more: Partial<VisitOutcome> = {}): void {
  counters.onEnd({} as any, 'A', { status, reason: undefined, bytesIn: 0, bytesOut: 0, ...more }, durationMs);
}

test('visits by class of status and reason, and their bytes', () => {
  const counters = createVisitCounters();
  expect(counters.read()).toMatchObject({
    requests: [],
    bytesIn: 0,
    bytesOut: 0,
    durations: { count: 0, sumSeconds: 0 },
  });
  end(counters, 200, 1, { bytesIn: 1, bytesOut: 10 });
  end(counters, 204, 1);
  end(counters, 101, 1, { bytesIn: 2, bytesOut: 20 });
  end(counters, 0, 1, { reason: 'visitor-gone' });
  end(counters, 200, 1, { reason: 'connector-lost' });
  end(counters, 503, 1, { reason: 'no-connector' });
  end(counters, 999, 1);
  expect(counters.read()).toMatchObject({
    requests: [
      { codeClass: 'none', reason: 'visitor-gone', count: 1 },
      { codeClass: '1xx', reason: undefined, count: 1 },
      { codeClass: '2xx', reason: undefined, count: 2 },
      { codeClass: '2xx', reason: 'connector-lost', count: 1 },
      { codeClass: '5xx', reason: undefined, count: 1 },
      { codeClass: '5xx', reason: 'no-connector', count: 1 },
    ],
    bytesIn: 3,
    bytesOut: 30,
  });
});

test('every reason has its place', () => {
  const counters = createVisitCounters();
  const all = Object.keys(reasons) as (keyof typeof reasons)[];
  for (const reason of all) end(counters, 500, 1, { reason });
  expect(counters.read().requests.map(({ reason }) => reason)).toEqual(all);
});

test('durations: each bucket counts what took no longer', () => {
  const counters = createVisitCounters();
  for (const ms of [0, 0.5, 0.6, 100, 100.1, 1e9]) end(counters, 200, ms);
  const { buckets, count, sumSeconds } = counters.read().durations;
  const upTo = (seconds: number): number => buckets.find((bucket) => bucket.seconds === seconds)!.count;
  expect([upTo(0.0005), upTo(0.001), upTo(0.05), upTo(0.1), upTo(0.25), upTo(300)]).toEqual([2, 3, 3, 4, 5, 5]);
  expect(buckets.at(-1)).toEqual({ seconds: Number.POSITIVE_INFINITY, count: 6 });
  expect(count).toBe(6);
  expect(sumSeconds).toBeCloseTo(1_000_000.2012);
});
