import { createAnswerFuzz } from './answers.js';
import { type Case, type Fuzz, runCases } from './cases.js';
import { createRequestFuzz } from './requests.js';

function numberOf(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  const value = at < 0 ? fallback : Number(process.argv[at + 1]);
  if (!Number.isSafeInteger(value) || value < 1) {
    console.error(`--${name} wants a whole number above 0`);
    process.exit(2);
  }
  return value;
}

/** Runs `--cases N` (default 100,000) of each kind from `--seed S` (default by the clock) on; the last line is a summary. */
async function main(): Promise<number> {
  const cases = numberOf('cases', 100_000);
  const seed = numberOf('seed', Date.now() % 2 ** 31);
  console.log(`seed ${seed}`);
  const started = performance.now();
  for (const create of [createRequestFuzz, createAnswerFuzz]) {
    const fuzz: Fuzz<Case> = await create();
    const { cases: tried, kinds, failure } = await runCases(fuzz, cases, seed);
    await fuzz.close();
    console.log(`${fuzz.name}: ${JSON.stringify(Object.fromEntries(kinds))}`);
    if (failure === undefined) continue;
    console.log(failure);
    const failing = /seed (\d+)/.exec(failure)![1];
    console.log(`FAILED after ${tried} ${fuzz.name}: play it again with --seed ${failing} --cases 1`);
    return 1;
  }
  const seconds = (performance.now() - started) / 1000;
  const last = seed + cases - 1;
  console.log(
    `${cases} connections of requests and ${cases} answers, seeds ${seed} to ${last}: no failure, ${Math.round((2 * cases) / seconds)} cases/s`,
  );
  return 0;
}

process.exitCode = await main();
