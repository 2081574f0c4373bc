import { createManualClock, type ManualClock } from '@reverse-http/protocol/session';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultTargetPolicy } from '../../src/policy/target-policy.js';
import { createHold, type Hold, type HoldOptions, type Waiting } from '../../src/targets/hold.js';
import type { Target } from '../../src/targets/registry.js';
import { Traffic } from '../../src/targets/traffic.js';

let clock: ManualClock;
beforeEach(() => {
  clock = createManualClock();
});
afterEach(() => expect(clock.pendingTimers).toBe(0)); // Nothing is left waiting.

function target(id: string): Target {
  const policy = defaultTargetPolicy;
  return { id, members: [], policy, traffic: new Traffic(policy, () => 0), leftAt: 0, servedSince: 0 };
}

const A = target('A');
const B = target('B');

/** Says what happened to it. */
function waiting(name: string, events: string[], address = '1.1.1.1', holdMs = 5000): Waiting {
  return {
    peer: { address, port: 1, secure: false },
    holdMs,
    waitingSince: undefined,
    onAvailable: () => void events.push(`${name} available`),
    onExpired: (reason, waitedMs) => void events.push(`${name} ${reason} ${waitedMs}`),
  };
}

function fill(hold: Hold, count: number, to: Target, address: (i: number) => string, events: string[] = []): unknown[] {
  return Array.from({ length: count }, (_, i) => hold.wait(to, waiting(`${i}`, events, address(i))));
}

describe('hold', () => {
  test('expires after its time, in order', () => {
    const events: string[] = [];
    const hold = createHold({ clock });
    hold.wait(A, waiting('one', events, undefined, 100));
    clock.advance(60);
    hold.wait(B, waiting('two', events, undefined, 100));
    clock.advance(50);
    expect(events).toEqual(['one no-connector 100']);
    clock.advance(60);
    expect(events[1]).toBe('two no-connector 100');
  });

  test('releases all of a target in the order in which they came, and no other', () => {
    const events: string[] = [];
    const hold = createHold({ clock });
    for (const name of ['one', 'two', 'three']) hold.wait(A, waiting(name, events));
    hold.wait(B, waiting('other', events));
    hold.release(A);
    hold.release(A);
    expect(events).toEqual(['one available', 'two available', 'three available']);
    hold.close();
    expect(events[3]).toMatch(/^other draining/);
  });

  test('who waits again after a release has what is left of its time, not more', () => {
    const events: string[] = [];
    const hold = createHold({ clock });
    const one = waiting('one', events, undefined, 100);
    one.onAvailable = () => void hold.wait(A, one);
    hold.wait(A, one);
    clock.advance(70);
    hold.release(A);
    clock.advance(31);
    expect(events).toEqual(['one no-connector 100']);
    expect(hold.wait(A, one)).toBe('no-connector');
  });

  test('who waits again is not released twice in one turn', () => {
    let releases = 0;
    const hold = createHold({ clock });
    const one = waiting('one', []);
    one.onAvailable = () => {
      releases++;
      hold.wait(A, one);
    };
    hold.wait(A, one);
    hold.release(A);
    expect(releases).toBe(1);
    hold.close();
  });

  test('a visitor that leaves is let go, once and for all', () => {
    const events: string[] = [];
    const hold = createHold({ clock, maxPerTarget: 1 });
    const leave = hold.wait(A, waiting('one', events)) as () => void;
    expect(hold.wait(A, waiting('two', events))).toBe('hold-full');
    leave();
    leave();
    hold.release(A);
    expect(events).toEqual([]);
    expect(hold.wait(A, waiting('two', events))).toBeTypeOf('function');
    hold.close();
  });

  const bounds: [keyof HoldOptions, Omit<HoldOptions, 'clock'>, (i: number) => string, number][] = [
    ['maxPerTarget', {}, (i) => `${i}`, 64],
    ['maxPerAddress', {}, () => 'same', 16],
    ['maxPerTarget', { maxPerTarget: 3 }, (i) => `${i}`, 3],
    ['maxInAll', { maxPerTarget: 99, maxInAll: 5 }, (i) => `${i}`, 5],
  ];
  test.each(bounds)('%s of %j', (_, options, address, bound) => {
    const hold = createHold({ clock, ...options });
    const results = fill(hold, bound + 2, A, address);
    expect(results.filter((result) => result === 'hold-full')).toHaveLength(2);
    hold.release(A); // Makes room again.
    expect(fill(hold, bound, A, address).filter((result) => result === 'hold-full')).toHaveLength(0);
    hold.close();
  });

  test('4,096 in all', () => {
    const hold = createHold({ clock });
    const results = Array.from({ length: 65 }, (_, t) => fill(hold, 64, target(`${t}`), (i) => `${t}.${i}`)).flat();
    expect(results.filter((result) => typeof result === 'function')).toHaveLength(4096);
    hold.close();
  });

  test('0 ms: nobody waits; closed: neither', () => {
    const hold = createHold({ clock });
    expect(hold.wait(A, waiting('one', [], undefined, 0))).toBe('no-connector');
    hold.close();
    expect(hold.wait(A, waiting('one', []))).toBe('draining');
  });
});
