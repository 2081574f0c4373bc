import { Random } from '../../../protocol/test/sim/random.js';
import { start } from '../support/processes.js';
import type { Entry } from './app.js';
import type { ChaosOptions } from './chaos-options.js';
import { chooseFault, endFault, type Fault } from './faults.js';
import { type Hop, startHop } from './hop.js';
import { createReport, type Report, type Struck } from './report.js';
import { Visitors } from './visitors.js';

/** Two processes, a link between them that fails again and again, and visitors who must not notice. */
export async function runChaos(options: ChaosOptions): Promise<Report> {
  const { transport, handler, seed, delayMs } = options;
  const gateway = await start('../chaos/gateway');
  const hop = await startHop(() => gateway.ready.url!, delayMs / 2);
  const env = { GATEWAY: hop.url, TRANSPORT: transport, HANDLER: handler, SEED: `${seed}` };
  const connector = await start('../chaos/connector', env);
  const began = performance.now();
  const visitors = new Visitors({ ...options, url: `${gateway.ready.url}/gw/A/` });
  const strikes = await strikeOnAndOn(options, hop, visitors);
  await visitors.over;
  const seconds = (performance.now() - began) / 1000;
  const ledger = (await (await fetch(`${connector.ready.app}ledger`)).json()) as Entry[];
  await connector.kill();
  await gateway.kill();
  await hop.close();
  const logs = { gateway: gateway.complaints(), connector: connector.complaints() };
  return createReport({ options, seconds, strikes, failures: visitors.failures, ledger, logs });
}

async function strikeOnAndOn(options: ChaosOptions, hop: Hop, visitors: Visitors): Promise<Struck[]> {
  const random = new Random(options.seed);
  const strikes: Struck[] = [];
  let isOver = false;
  const over = visitors.over.then(() => {
    isOver = true;
  });
  for (let at = 0; !isOver; ) {
    at += 1 + random.below(2 * options.requestsPerFault - 1);
    if (at >= options.requests) break;
    await visitors.reached(at);
    const strike = strikeOnce(chooseFault(random), hop, visitors);
    const struck = await Promise.race([strike, over]);
    if (struck) strikes.push(struck);
    at = Math.max(at, visitors.done);
  }
  hop.disarm();
  endFault(hop);
  return strikes;
}

async function strikeOnce(fault: Fault, hop: Hop, visitors: Visitors): Promise<Struck> {
  await hop.strike(fault);
  const at = performance.now();
  const { lastAt } = hop;
  const hit = visitors.inFlight.size;
  const heard = hop.heard();
  if (fault.lastsMs > 0) {
    await new Promise((resolve) => setTimeout(resolve, fault.lastsMs));
    endFault(hop);
  }
  return { fault, at, hit, recoveryMs: (await heard) - lastAt };
}
