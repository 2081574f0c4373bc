import { describe, expect, it } from 'vitest';
import { compare, type Round, spread } from '../src/compare.js';
import type { Measurement } from '../src/measure.js';
import type { Comparison } from '../src/rows.js';

const rate: Comparison = { figure: { kind: 'rate' }, subject: 'gateway', against: 'nginx', floor: 1.5, budget: 2.5 };

describe('compare', () => {
  it('takes the median of the ratios within the rounds, not the ratio of the medians', () => {
    const rounds = [round(100, 100), round(400, 200), round(3000, 1000)];
    const result = compare(rate, rounds);
    expect(result.ratio).toEqual({ median: 2, min: 1, max: 3 });
    expect(result).toMatchObject({ floorVerdict: 'met', budgetVerdict: 'missed' });
  });

  it('sums the CPU time of all roles, or takes the one asked for, and a limit is then an upper one', () => {
    const rounds = [round(1, 1)];
    const cpu: Comparison = { figure: { kind: 'cpu' }, subject: 'gateway', against: 'nginx', floor: 0.8, budget: 0.65 };
    const all = compare(cpu, rounds);
    expect(all.ratio.median).toBe(30 / 40);
    expect(all).toMatchObject({ floorVerdict: 'met', budgetVerdict: 'missed' });
    const one = compare({ ...cpu, figure: { kind: 'cpu', role: 'connector + app' } }, rounds);
    expect(one.ratio.median).toBe(10 / 40);
  });

  it('decides nothing where requests failed, on either side', () => {
    const fast = round(1000, 100);
    const failing = { ...fast.nginx!, errors: { ...fast.nginx!.errors, status: 1 } };
    expect(compare(rate, [fast, { ...fast, nginx: failing }])).toMatchObject({
      floorVerdict: 'invalid',
      budgetVerdict: 'invalid',
    });
  });
});

describe('spread', () => {
  it('halves the two middle values of an even number', () => {
    expect(spread([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 });
    expect(spread([7])).toEqual({ median: 7, min: 7, max: 7 });
  });
});

function round(gateway: number, nginx: number): Round {
  return {
    gateway: measurement(gateway, { gateway: 20, 'connector + app': 10 }),
    nginx: measurement(nginx, { nginx: 25, app: 15 }),
  };
}

function measurement(requestsPerSecond: number, cpuUs: Measurement['cpuUs']): Measurement {
  const errors = { connect: 0, read: 0, write: 0, timeout: 0, status: 0 };
  return { requests: 1, requestsPerSecond, p50Us: 1, p99Us: 1, errors, cpuUs };
}
