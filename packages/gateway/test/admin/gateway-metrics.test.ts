import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createGatewayMetrics } from '../../src/admin/gateway-metrics.js';
import { createVisitCounters } from '../../src/tap/visit-counters.js';
import { fakeOperations, sessionStatus, targetStatus } from '../support/fake-operations.js';
import { startTestAdmin } from '../support/test-admin.js';

test('every metric by its name', () => {
  const operations = fakeOperations();
  const counters = createVisitCounters();
  const read = createGatewayMetrics({ operations, visits: counters.read, heldRequests: () => 7, version: '1.2.3' });
  const outcome = { status: 503, reason: 'no-connector', bytesIn: 5, bytesOut: 6 } as const;
  counters.onEnd({} as any, 'A', outcome, 2000);
  operations.targets.set('a', targetStatus('A'));
  operations.sessions.set('n.1', sessionStatus('n.1')).set('n.2', { ...sessionStatus('n.2'), transport: 'poll' });
  operations.emit({ event: 'resumed' });
  operations.emit({ event: 'detached' });
  const lines = read().flatMap(({ name, values }) =>
    values.map(({ metricName = name, labels, value }) => `${metricName}${JSON.stringify(labels)} ${value}`),
  );
  const isMiddle = (line: string): boolean => /_bucket/.test(line) && !/"(?:1|2\.5|\+Inf)"/.test(line);
  expect(lines.filter((line) => !isMiddle(line))).toEqual([
    'reverse_http_requests_total{"code_class":"5xx","reason":"no-connector"} 1',
    'reverse_http_request_duration_seconds_bucket{"le":"1"} 0',
    'reverse_http_request_duration_seconds_bucket{"le":"2.5"} 1',
    'reverse_http_request_duration_seconds_bucket{"le":"+Inf"} 1',
    'reverse_http_request_duration_seconds_sum{} 2',
    'reverse_http_request_duration_seconds_count{} 1',
    'reverse_http_bytes_total{"direction":"in"} 5',
    'reverse_http_bytes_total{"direction":"out"} 6',
    'reverse_http_sessions{"transport":"websocket"} 1',
    'reverse_http_sessions{"transport":"poll"} 1',
    'reverse_http_targets{} 1',
    'reverse_http_resumes_total{} 1',
    'reverse_http_held_requests{} 7',
    'reverse_http_build_info{"version":"1.2.3"} 1',
  ]);
});

test('the page of the admin API names each metric, and no other', async () => {
  const page = await readFile(new URL('../../../../docs/admin-api.md', import.meta.url), 'utf8');
  const counters = createVisitCounters();
  const read = createGatewayMetrics({
    operations: fakeOperations(),
    visits: counters.read,
    heldRequests: () => 0,
    version: '1',
  });
  const named = [...page.matchAll(/^\| `(reverse_http_\w+)`/gm)].map(([, name]) => name);
  expect(named).toEqual(read().map(({ name }) => name));
});

test('the adapter gets what was counted', async () => {
  const family = {
    name: 'reverse_http_targets',
    help: 'x',
    type: 'gauge',
    values: [{ labels: {}, value: 1 }],
  } as const;
  const admin = await startTestAdmin(fakeOperations({ metrics: () => [family] }), {
    metrics: { contentType: 'text/plain', render: (families) => families.map(({ name }) => name).join() },
  });
  expect((await admin.ask('GET', '/metrics')).text).toBe('reverse_http_targets');
  await admin.close();
});
