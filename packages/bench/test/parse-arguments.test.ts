import { expect, it } from 'vitest';
import { parseArguments } from '../src/parse-arguments.js';
import { ROWS } from '../src/rows.js';

it('measures every row in five rounds of two seconds unless told otherwise', () => {
  const usual = { help: false, quick: false, check: false, rounds: 5, seconds: 2, rows: ROWS, json: undefined };
  expect(parseArguments([])).toEqual(usual);
});

it('lets explicit numbers win over --quick', () => {
  expect(parseArguments(['--quick', '--rounds', '7'])).toMatchObject({ quick: true, rounds: 7, seconds: 1 });
});

it.each([[['--rounds', '0']], [['--seconds', '1.5']], [['--only', 'nothing']], [['--typo']], [['stray']]])(
  'refuses %j',
  (args) => {
    expect(() => parseArguments(args)).toThrow(expect.objectContaining({ name: 'BenchError' }));
  },
);
