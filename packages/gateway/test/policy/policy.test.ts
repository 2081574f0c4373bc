import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesPattern } from '../../src/policy/target-pattern.js';
import { defaultTargetPolicy } from '../../src/policy/target-policy.js';
import { TokenBucket } from '../../src/policy/token-bucket.js';
import { Traffic } from '../../src/targets/traffic.js';

describe('matchesPattern', () => {
  test.each([
    ['A', 'a', true],
    ['line-4-*', 'LINE-4-camera-7', true],
    ['line-4-*', 'line-4-', true],
    ['line-4-*', 'line-4', false],
    ['*', 'x', true],
    ['*-7', 'camera-7-7', true],
    ['a.c', 'abc', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['', 'a', false],
  ])('%s and %s: %s', (pattern, target, fits) => {
    expect(matchesPattern(pattern, target)).toBe(fits);
  });

  test('says what a regular expression says', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'B', '-', '*'), maxLength: 8 });
    const id = fc.string({ unit: fc.constantFrom('a', 'b', '-'), minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(text, id, (pattern, target) => {
        const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 'i').test(target);
        expect(matchesPattern(pattern, target)).toBe(expected);
      }),
    );
  });

  test('a pattern of many stars takes no time', () => {
    expect(matchesPattern('*a'.repeat(2000), 'a'.repeat(63).concat('b'))).toBe(false);
  });
});

describe('limits of a target', () => {
  test('a bucket lets a burst through, then so many a second, whatever the clock does', () => {
    const bucket = new TokenBucket(2, 0);
    expect([0, 0, 0].map((now) => bucket.take(now))).toEqual([true, true, false]);
    expect(bucket.take(499)).toBe(false);
    expect(bucket.take(500)).toBe(true);
    expect(bucket.take(100)).toBe(false);
    expect(bucket.take(600)).toBe(true);
    expect([9000, 9000, 9000].map((now) => bucket.take(now))).toEqual([true, true, false]);
  });

  test('traffic counts what begins and ends, and refuses what is too much', () => {
    let now = 0;
    const policy = { ...defaultTargetPolicy, maxConcurrent: 2, maxRequestsPerSecond: 3 };
    const traffic = new Traffic(policy, () => now);
    expect([traffic.begin(), traffic.begin(), traffic.begin()]).toEqual([undefined, undefined, 'overloaded']);
    traffic.end(3, 4);
    expect(traffic.begin()).toBeUndefined();
    traffic.end(1, 1);
    expect(traffic.begin()).toBe('rate-limited');
    now = 1000;
    expect(traffic.begin()).toBeUndefined();
    expect(traffic).toMatchObject({ requests: 4, running: 2, bytesIn: 4, bytesOut: 5 });
  });

  test('they may change: what runs is counted on, and a rate that stays is not begun anew', () => {
    const at = (maxConcurrent: number, maxRequestsPerSecond: number) => ({
      ...defaultTargetPolicy,
      maxConcurrent,
      maxRequestsPerSecond,
    });
    const traffic = new Traffic(at(9, 2), () => 0);
    expect([traffic.begin(), traffic.begin(), traffic.begin()]).toEqual([undefined, undefined, 'rate-limited']);
    traffic.limit(at(9, 2));
    expect(traffic.begin()).toBe('rate-limited');
    traffic.limit(at(3, 3));
    expect([traffic.begin(), traffic.begin()]).toEqual([undefined, 'overloaded']);
    traffic.limit(at(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY));
    expect(traffic.begin()).toBeUndefined();
  });
});
