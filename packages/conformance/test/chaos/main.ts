import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { killAll } from '../support/processes.js';
import type { Report } from './report.js';
import { runChaos } from './run-chaos.js';

const usage = `npm run chaos -- [options]

  --requests N            exchanges in all, by each transport (10000)
  --requests-per-fault N  how many are made from one fault to the next, on average, while all is well (60)
  --visitors N            at a time (48)
  --transport NAME        websocket, poll or both (both)
  --handler KIND          server: called in the connector's process; url: forwarded to (server)
  --delay MS              a round trip of the link (0)
  --hold MS               how long visitors wait for a connector that is away; beyond it they count as lost (5000)
  --seed N                the same makes the same choices (by the clock)
  --json FILE             what is printed, once more
`;

const options = {
  options: {
    requests: { type: 'string', default: '10000' },
    'requests-per-fault': { type: 'string', default: '60' },
    visitors: { type: 'string', default: '48' },
    transport: { type: 'string', default: 'both' },
    handler: { type: 'string', default: 'server' },
    delay: { type: 'string', default: '0' },
    hold: { type: 'string', default: '5000' },
    seed: { type: 'string', default: `${Date.now() % 2 ** 31}` },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
} as const;

function readArguments() {
  try {
    return parseArgs(options).values;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}
const values = readArguments();

function numberOf(
  name: 'requests' | 'requests-per-fault' | 'visitors' | 'delay' | 'hold' | 'seed',
  least: number,
): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= least) return value;
  console.error(`--${name} wants a whole number, ${least} or more`);
  process.exit(2);
}

function choiceOf<T extends string>(name: 'transport' | 'handler', choices: readonly T[]): T {
  const choice = choices.find((each) => each === values[name]);
  if (choice) return choice;
  console.error(`--${name} wants one of ${choices.join(', ')}`);
  process.exit(2);
}

/** Runs each transport in turn; prints what was seen, as JSON. */
async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const transport = choiceOf('transport', ['both', 'websocket', 'poll']);
  const common = {
    handler: choiceOf('handler', ['server', 'url']),
    requests: numberOf('requests', 1),
    requestsPerFault: numberOf('requests-per-fault', 1),
    visitors: numberOf('visitors', 1),
    delayMs: numberOf('delay', 0),
    holdMs: numberOf('hold', 0),
    seed: numberOf('seed', 0),
  };
  const reports: Report[] = [];
  for (const each of transport === 'both' ? (['websocket', 'poll'] as const) : [transport]) {
    const report = await runChaos({ transport: each, ...common }, (done) => console.error(`${each}: ${done} requests`));
    reports.push(report);
    const { requests, seconds, faults, lost, doubled, corrupted } = report;
    console.error(
      `${each}, seed ${common.seed}: ${requests} requests in ${seconds} s, ${faults} faults with an exchange in flight; lost ${lost}, doubled ${doubled}, corrupted ${corrupted}`,
    );
  }
  const json = `${JSON.stringify(reports, undefined, 2)}\n`;
  process.stdout.write(json);
  if (values.json !== undefined) writeFileSync(values.json, json);
  return reports.some(({ lost, doubled, corrupted }) => lost + doubled + corrupted > 0) ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => killAll().then(() => process.exit(130)));
process.exitCode = await main().finally(killAll);
