import { parseArgs } from 'node:util';
import { BenchError } from './bench-error.js';
import type { Row } from './row.js';
import { ROWS } from './rows.js';

/** What the command line asks for. */
export interface Arguments {
  readonly help: boolean;
  readonly rounds: number;
  readonly seconds: number;
  /** Whether amounts are small too. */
  readonly quick: boolean;
  readonly rows: readonly Row[];
  /** Whether a missed budget is a failure. */
  readonly check: boolean;
  /** Where the JSON goes; `-` is stdout. */
  readonly json: string | undefined;
}

/** The text of `--help`. */
export const HELP: string = `Usage: npm run bench -- [options]

Measures a gateway with its connector against nginx, and against the server by itself.
Every round measures every subject once, by turns; what counts is the median of the ratios within the rounds.

  --rounds N     rounds a row (5)
  --seconds S    whole seconds a measurement (2); "stall" takes three times as long
  --quick        one round of 1 s, small amounts: does it run, not how fast
  --only ROW     this row only; may be given more than once
  --check        exit 1 when a budget is missed, or could not be judged, and name it; with --only, of those rows
  --json FILE    write the full result as JSON to FILE too; "-": to stdout, in place of the table
  --help

Rows:
${ROWS.map(({ name, title }) => `  ${name.padEnd(18)}${title}`).join('\n')}

The table goes to stdout, progress to stderr. Budgets are in packages/bench/budgets.json. Exit code 1 when it could not measure,
2 for wrong arguments; without --check a missed budget is reported as "missed" and exits 0. Needs Linux, wrk and nginx.
`;

/** Reads the command line; throws {@link BenchError} where it is wrong. */
export function parseArguments(args: readonly string[]): Arguments {
  const { help = false, quick = false, check = false, rounds, seconds, only, json } = optionsIn(args);
  return {
    help,
    quick,
    check,
    rounds: countIn('--rounds', rounds ?? (quick ? '1' : '5')),
    seconds: countIn('--seconds', seconds ?? (quick ? '1' : '2')),
    rows: only === undefined ? ROWS : only.map(rowOf),
    json,
  };
}

interface GivenOptions {
  readonly help?: boolean | undefined;
  readonly check?: boolean | undefined;
  readonly quick?: boolean | undefined;
  readonly rounds?: string | undefined;
  readonly seconds?: string | undefined;
  readonly only?: string[] | undefined;
  readonly json?: string | undefined;
}

function optionsIn(args: readonly string[]): GivenOptions {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        quick: { type: 'boolean' },
        check: { type: 'boolean' },
        only: { type: 'string', multiple: true },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new BenchError(error instanceof Error ? error.message : String(error));
  }
}

function countIn(option: string, text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new BenchError(`${option} takes a whole number from 1 to 9999, not "${text}"`);
  return Number(text);
}

function rowOf(name: string): Row {
  const row = ROWS.find((each) => each.name === name);
  if (row === undefined)
    throw new BenchError(`no row "${name}"; there are ${ROWS.map((each) => each.name).join(', ')}`);
  return row;
}
