import { describe, expect, it } from 'vitest';
import { OpenLoop, percentile } from '../src/load/open-loop.js';

describe('OpenLoop', () => {
  it('counts from when a request was due, for those too that found no free visitor', () => {
    const loop = new OpenLoop(1);
    expect(loop.due(0)).toBe(0);
    expect(loop.due(10)).toBeUndefined();
    expect(loop.due(20)).toBeUndefined();
    // The server stood still for 100 ms: two others have waited for it.
    expect(loop.answered(0, 100)).toBe(true);
    expect(loop.answered(0, 101)).toBe(true);
    expect(loop.answered(0, 102)).toBe(false);
    expect(loop.latencies).toEqual([100, 91, 82]);
    expect(loop.due(200)).toBe(0);
  });

  it('gives every visitor one request at a time', () => {
    const loop = new OpenLoop(2);
    expect([loop.due(0), loop.due(1), loop.due(2)]).toEqual([0, 1, undefined]);
    expect(loop.answered(1, 5)).toBe(true);
    expect(loop.answered(0, 6)).toBe(false);
    expect(loop.answered(1, 9)).toBe(false);
    expect(loop.latencies).toEqual([4, 6, 7]);
  });
});

describe('percentile', () => {
  const thousand = Array.from({ length: 1000 }, (_, index) => index + 1);

  it.each([
    [0, 1],
    [0.1, 1],
    [50, 500],
    [99, 990],
    [99.9, 999],
    [99.99, 1000],
    [100, 1000],
  ])('of 1 to 1,000: %d %% are not above %d', (percent, value) => {
    expect(percentile(thousand, percent)).toBe(value);
  });

  it('of one value is that', () => {
    expect(percentile([7], 99.9)).toBe(7);
  });
});
