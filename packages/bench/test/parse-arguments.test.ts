import { expect, it } from 'vitest';
import { parseArguments } from '../src/parse-arguments.js';
import { ROWS } from '../src/rows.js';

it('measures every row in five rounds of four seconds unless told otherwise', () => {
  expect(parseArguments([])).toEqual({ help: false, rounds: 5, seconds: 4, rows: ROWS, json: undefined });
});

it('lets explicit numbers win over --quick', () => {
  expect(parseArguments(['--quick', '--rounds', '7'])).toMatchObject({ rounds: 7, seconds: 1 });
});

it.each([[['--rounds', '0']], [['--seconds', '1.5']], [['--only', 'nothing']], [['--typo']], [['stray']]])(
  'refuses %j',
  (args) => {
    expect(() => parseArguments(args)).toThrow(expect.objectContaining({ name: 'BenchError' }));
  },
);

it('compares only what its row measures', () => {
  const stray = ROWS.flatMap(({ subjects, comparisons }) =>
    comparisons.flatMap(({ subject, against }) => [subject, against]).filter((name) => !subjects.includes(name)),
  );
  expect(stray).toEqual([]);
});
