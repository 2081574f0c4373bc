import { simulate } from './simulate.js';
import { Statistics } from './statistics.js';

/** Steps of one run: many short runs try more than one long one, and a failing one is quickly played again. */
const stepsPerRun = 500;

function numberOf(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  const value = at < 0 ? fallback : Number(process.argv[at + 1]);
  if (!Number.isSafeInteger(value) || value < 1) {
    console.error(`--${name} wants a whole number above 0`);
    process.exit(2);
  }
  return value;
}

/** Runs `--steps N` (default 100,000) from `--seed S` (default 1) on; the last line is a summary. */
function main(): number {
  const steps = numberOf('steps', 100_000);
  const first = numberOf('seed', 1);
  const total = new Statistics();
  const started = performance.now();
  let seed = first;
  for (; total.steps < steps; seed++) {
    const result = simulate(seed, Math.min(stepsPerRun, steps - total.steps));
    total.add(result.statistics);
    if (result.failure === undefined) continue;
    console.log(result.failure);
    console.log(
      `FAILED after ${total.steps} steps: play it again with --seed ${seed} --steps ${result.statistics.steps}`,
    );
    return 1;
  }
  const seconds = (performance.now() - started) / 1000;
  console.log(JSON.stringify(total));
  console.log(
    `${total.steps} steps in ${seed - first} runs, seeds ${first} to ${seed - 1}: no failure, ${Math.round(total.steps / seconds)} steps/s`,
  );
  return 0;
}

process.exitCode = main();
