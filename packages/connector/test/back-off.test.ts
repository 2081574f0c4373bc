import { describe, expect, it } from 'vitest';
import { BackOff, dialPolicy, refusedPolicy } from '../src/link/back-off.js';

function waits(policy: typeof dialPolicy, random: number, count: number, stepMs = 0): number[] {
  let now = 0;
  const backOff = new BackOff(
    policy,
    () => random,
    () => now,
  );
  return Array.from({ length: count }, () => {
    const wait = backOff.next();
    now += stepMs;
    return wait;
  });
}

describe('the wait between dials', () => {
  it('is none at first, then grows with full jitter to 3 s', () => {
    expect(waits(dialPolicy, 1, 9)).toEqual([0, 100, 200, 400, 800, 1600, 3000, 3000, 3000]);
    expect(waits(dialPolicy, 0.5, 4)).toEqual([0, 50, 100, 200]);
    expect(waits(dialPolicy, 0, 4)).toEqual([0, 0, 0, 0]);
  });

  it('is up to 15 s after ten minutes without success', () => {
    expect(waits(dialPolicy, 1, 12, 60_000).slice(8)).toEqual([3000, 3000, 15_000, 15_000]);
  });

  it('begins anew after a success', () => {
    const backOff = new BackOff(
      dialPolicy,
      () => 1,
      () => 0,
    );
    for (let i = 0; i < 5; i++) backOff.next();
    backOff.reset();
    expect([backOff.next(), backOff.next()]).toEqual([0, 100]);
  });

  it('is shorter by what worked for a while, once', () => {
    const backOff = new BackOff(
      dialPolicy,
      () => 1,
      () => 0,
    );
    for (let i = 0; i < 5; i++) backOff.next();
    backOff.ease(30);
    expect([backOff.next(), backOff.next()]).toEqual([70, 200]);
    backOff.ease(300);
    expect([backOff.next(), backOff.next()]).toEqual([0, 200]);
  });
});

describe('the wait after a refusal', () => {
  it('doubles from a minute to a quarter of an hour, half of it jitter', () => {
    expect(waits(refusedPolicy, 1, 6).map((ms) => ms / 60_000)).toEqual([1, 2, 4, 8, 15, 15]);
    expect(waits(refusedPolicy, 0, 2).map((ms) => ms / 60_000)).toEqual([0.5, 1]);
  });
});
