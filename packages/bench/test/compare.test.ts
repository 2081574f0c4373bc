import { describe, expect, it } from 'vitest';
import { compare, spread } from '../src/compare.js';
import type { Comparison, Measurement, Round } from '../src/row.js';

const rate: Comparison = { figure: 'requests/s', subject: 'gateway', against: 'nginx' };
const budgets = {
  'requests/s, gateway / nginx': { atLeast: 1.5 },
  'CPU us, gateway / nginx': { atMost: 0.65 },
  'CPU us, gateway': { atMost: 30 },
};

describe('compare', () => {
  it('takes the median of the ratios within the rounds, not the ratio of the medians', () => {
    const rounds = [round(100, 100), round(400, 200), round(3000, 1000)];
    const result = compare(rate, rounds, budgets);
    expect(result.value).toEqual({ median: 2, min: 1, max: 3 });
    expect(result.verdict).toBe('met');
  });

  it('keeps to a budget that is an upper limit', () => {
    const result = compare({ ...rate, figure: 'CPU us' }, [round(1, 1)], budgets);
    expect(result.value.median).toBe(30 / 40);
    expect(result.verdict).toBe('missed');
  });

  it("takes a figure of one against another one's, or as it is", () => {
    const rounds = [round(1, 1)];
    const role: Comparison = { ...rate, figure: 'app us', againstFigure: 'CPU us' };
    expect(compare(role, rounds)).toMatchObject({ value: { median: 10 / 40 }, budget: undefined, verdict: undefined });
    const alone = compare({ figure: 'CPU us', subject: 'gateway' }, rounds, budgets);
    expect(alone).toMatchObject({ value: { median: 30 }, verdict: 'met' });
  });

  it('decides nothing where requests failed, on either side', () => {
    const fast = round(1000, 100);
    const failing = { ...fast, nginx: { ...fast.nginx!, errors: 1 } };
    expect(compare(rate, [fast, failing], budgets).verdict).toBe('invalid');
  });

  it('refuses to compare what is not measured', () => {
    expect(() => compare({ ...rate, figure: 'p50 ms' }, [round(1, 1)])).toThrow('"p50 ms"');
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
    gateway: measurement({ 'requests/s': gateway, 'CPU us': 30, 'app us': 10 }),
    nginx: measurement({ 'requests/s': nginx, 'CPU us': 40 }),
  };
}

function measurement(figures: Measurement['figures']): Measurement {
  return { figures, errors: 0 };
}
