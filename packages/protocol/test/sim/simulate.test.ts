import { describe, expect, test } from 'vitest';
import { simulate } from './simulate.js';
import { Statistics } from './statistics.js';

describe('two sessions over a hostile link', () => {
  test('T5, T24: whatever happens, everything that was said is heard, or its end is', () => {
    const total = new Statistics();
    for (let seed = 1; seed <= 45; seed++) {
      const { failure, statistics } = simulate(seed, 500);
      expect(failure, `npm run sim -- --seed ${seed} --steps ${statistics.steps}`).toBeUndefined();
      total.add(statistics);
    }
    // A simulator that reaches nothing proves nothing.
    for (const [name, count] of Object.entries(total)) if (name !== 'timeouts') expect(count, name).toBeGreaterThan(0);
  });

  test('the same seed does the same', () => {
    expect(simulate(7, 300)).toEqual(simulate(7, 300));
  });
});
