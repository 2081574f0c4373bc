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

/** Runs the drills named, or `all`; prints a table of their figures. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seed: { type: 'string' }, json: { type: 'string' }, minutes: { type: 'string', default: '30' } },
  });
  const names = positionals[0] === 'all' ? Object.keys(drills) : positionals;
  const unknown = names.filter((name) => !drills[name]);
  if (names.length === 0 || unknown.length > 0) {
    console.error(`Name one or more of ${Object.keys(drills).join(', ')}, or all`);
    return 2;
  }
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  const results: Result[] = [];
  for (const name of names) results.push(await run(name, seed, Number(values.minutes)));
  for (const { drill, seconds, figures, failure } of results) {
    console.log(`\n${drill}: ${failure ?? 'as promised'} (${seconds} s)`);
    for (const [name, value] of Object.entries(figures))
      console.log(`  ${name.padEnd(56)} ${String(value).padStart(12)}`);
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ seed, results }, null, 2)}\n`);
  return results.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

process.exitCode = await main();
