import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Report } from './report.js';
import { runChaos } from './run-chaos.js';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '10000' },
    seed: { type: 'string', default: `${Date.now() % 2 ** 31}` },
    transport: { type: 'string', default: 'both' },
    handler: { type: 'string', default: 'server' },
    visitors: { type: 'string', default: '48' },
    delay: { type: 'string', default: '0' },
    'requests-per-fault': { type: 'string', default: '80' },
    json: { type: 'string' },
  },
});

/** Runs each transport in turn; the last line is a summary. */
async function main(): Promise<number> {
  const reports: Report[] = [];
  for (const transport of ['websocket', 'poll'] as const) {
    if (values.transport !== 'both' && values.transport !== transport) continue;
    const report = await runChaos({
      transport,
      handler: values.handler === 'url' ? 'url' : 'server',
      requests: Number(values.requests),
      seed: Number(values.seed),
      visitors: Number(values.visitors),
      delayMs: Number(values.delay),
      requestsPerFault: Number(values['requests-per-fault']),
    });
    reports.push(report);
    console.log(JSON.stringify(report, undefined, 2));
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(reports, undefined, 2)}\n`);
  return reports.some(({ lost, doubled, corrupted }) => lost + doubled + corrupted > 0) ? 1 : 0;
}

process.exitCode = await main();
