import { expect, it } from 'vitest';
import { parseProcessStat } from '../src/process/cpu-time.js';

it('finds the fields behind a name with blanks and parentheses in it', () => {
  const line = '4321 (a) b (c) S 77 4321 4321 0 -1 4194560 900 0 0 0 12 34 5 6 20 0 11 0 100 0 0';
  expect(parseProcessStat(line)).toEqual({ parent: 77, cpuUs: 460_000 });
});
