import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { killAll } from '../support/processes.js';
import { drain } from './drain.js';
import type { Drill, Figures } from './drill.js';
import { gatewayRestart } from './gateway-restart.js';
import { hostile } from './hostile.js';
import { killReplica } from './kill-replica.js';
import { restartOne } from './restart-one.js';
import { rollingRestart } from './rolling-restart.js';
import { sleepAndWake } from './sleep.js';
import { soak } from './soak.js';
import { stampede } from './stampede.js';

const drills: Readonly<Record<string, Drill>> = {
  'rolling-restart': rollingRestart,
  'restart-one': restartOne,
  drain,
  'kill-replica': killReplica,
  'gateway-restart': gatewayRestart,
  stampede,
  'sleep-and-wake': sleepAndWake,
  hostile,
  soak,
};

const usage = `npm run drill -- [options] NAME...

Restarts, kills, stampedes, hostile bytes, a soak: processes under load. The figures want a quiet machine.

  --minutes M  how long the soak takes (30)
  --seed N     the same makes the same choices (by the clock)
  --json FILE  write the figures as JSON to FILE too
  --help

Drills: ${Object.keys(drills).join(', ')}; or all, which takes three quarters of an hour.
Exit code 1 when a promise was not kept, 2 for wrong arguments.
`;

interface Result {
  readonly drill: string;
  readonly seconds: number;
  readonly figures: Figures;
  /** Why it failed. */
  readonly failure?: string;
}

async function run(drill: string, seed: number, minutes: number): Promise<Result> {
  console.log(`${drill}, seed ${seed}`);
  const started = performance.now();
  const seconds = (): number => Math.round((performance.now() - started) / 1000);
  try {
    const figures = await drills[drill]!({ seed, minutes, log: (line) => console.log(`  ${line}`) });
    return { drill, seconds: seconds(), figures };
  } catch (error) {
    await killAll();
    return { drill, seconds: seconds(), figures: {}, failure: String(error) };
  }
}

interface Wanted {
  readonly names: readonly string[];
  readonly seed: number;
  readonly minutes: number;
  readonly json: string | undefined;
}

/** @returns undefined where only help is asked for. @throws Error that says what is wrong. */
function readArguments(): Wanted | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: `${Date.now() % 2 ** 31}` },
      json: { type: 'string' },
      minutes: { type: 'string', default: '30' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const all = Object.keys(drills);
  const names = positionals[0] === 'all' ? all : positionals;
  if (names.length === 0 || names.some((name) => !all.includes(name)))
    throw new Error(`Name one or more of ${all.join(', ')}, or all`);
  const [seed, minutes] = [Number(values.seed), Number(values.minutes)];
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error('--seed wants a whole number, 0 or more');
  if (!(minutes > 0 && minutes < Infinity)) throw new Error('--minutes wants a number above 0');
  return { names, seed, minutes, json: values.json };
}

/** Runs the drills named, or `all`; prints a table of their figures. */
async function main(): Promise<number> {
  let wanted: Wanted | undefined;
  try {
    wanted = readArguments();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 2;
  }
  if (!wanted) {
    process.stdout.write(usage);
    return 0;
  }
  const { names, seed, minutes, json } = wanted;
  const results: Result[] = [];
  for (const name of names) results.push(await run(name, seed, minutes));
  for (const { drill, seconds, figures, failure } of results) {
    console.log(`\n${drill}: ${failure ?? 'as promised'} (${seconds} s)`);
    for (const [name, value] of Object.entries(figures))
      console.log(`  ${name.padEnd(56)} ${String(value).padStart(12)}`);
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ seed, results }, null, 2)}\n`);
  return results.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

// Visitors of a drill that failed are still at it.
process.exit(await main());
