import { once } from 'node:events';
import { get } from 'node:http';
import { json } from 'node:stream/consumers';
import { Random } from '../../../protocol/test/sim/random.js';
import { type Process, start } from '../support/processes.js';
import type { Entry } from './app.js';
import type { ChaosOptions } from './chaos-options.js';
import { chooseFault, type Fault } from './faults.js';
import { type Hop, startHop } from './hop.js';
import { type HttpHop, startHttpHop } from './http-hop.js';
import { createReport, type Report, type Struck } from './report.js';
import { Visitors } from './visitors.js';

interface Stage {
  readonly gateway: Process;
  readonly connector: Process;
  readonly hop: Hop;
  readonly http: HttpHop;
}

/** No poll came by the hop that understands it, ms. */
const patienceMs = 1000;

/**
 * Two processes, a link between them that fails again and again, and visitors who must not notice.
 *
 * @param onProgress Hears after each tenth how many exchanges have ended.
 */
export async function runChaos(options: ChaosOptions, onProgress?: (done: number) => void): Promise<Report> {
  const stage = await startStage(options);
  const began = performance.now();
  const visitors = new Visitors({ ...options, url: `${stage.gateway.ready.url}/gw/A/` });
  for (let tenth = 1; onProgress && tenth < 10; tenth++) {
    const count = Math.ceil((options.requests * tenth) / 10);
    void visitors.reached(count).then(() => onProgress(count));
  }
  const strikes = await strikeOnAndOn(options, stage, visitors);
  await visitors.over;
  const seconds = (performance.now() - began) / 1000;
  const [answer] = await once(get(`${stage.connector.ready.app}ledger`, { agent: false }), 'response');
  const ledger = (await json(answer)) as Entry[];
  const { gateway, connector, hop, http } = stage;
  await connector.kill();
  await gateway.kill();
  await hop.close();
  await http.close();
  const logs = { gateway: gateway.complaints(), connector: connector.complaints() };
  const { failures, done: requests } = visitors;
  return createReport({ options, requests, seconds, strikes, failures, ledger, logs });
}

async function startStage({ transport, handler, seed, delayMs, holdMs }: ChaosOptions): Promise<Stage> {
  const gateway = await start('../chaos/gateway', { HOLD: `${holdMs}` });
  const random = new Random(seed);
  const http = await startHttpHop(gateway.ready.url!);
  // Half the connections meet a proxy that takes whole requests, the others end at the gateway themselves.
  const behind = (): string => (transport === 'poll' && random.chance(0.5) ? http.url : gateway.ready.url!);
  const hop = await startHop(behind, delayMs / 2);
  const env = { GATEWAY: hop.url, TRANSPORT: transport, HANDLER: handler, SEED: `${seed}` };
  return { gateway, http, hop, connector: await start('../chaos/connector', env) };
}

async function strikeOnAndOn(options: ChaosOptions, stage: Stage, visitors: Visitors): Promise<Struck[]> {
  const strikes: Struck[] = [];
  let isOver = false;
  const over = visitors.over.then(() => {
    isOver = true;
  });
  const choices = new Random(options.seed);
  for (let at = 0; !isOver; at = Math.max(at, visitors.done)) {
    at += 1 + choices.below(2 * options.requestsPerFault - 1);
    if (at >= options.requests) break;
    await Promise.race([visitors.reached(at), over]);
    if (isOver) break;
    const strike = strikeOnce(chooseFault(choices, options.transport), stage, visitors);
    const struck = await Promise.race([strike, over]);
    if (struck) strikes.push(struck);
  }
  stage.hop.disarm();
  stage.hop.mend();
  return strikes;
}

async function strikeOnce(fault: Fault, { hop, http }: Stage, visitors: Visitors): Promise<Struck | undefined> {
  if (!fault.http) await hop.strike(fault.strike);
  else if (!(await within(patienceMs, http.strike(fault.http)))) return void http.disarm();
  const at = performance.now();
  const { lastAt } = hop;
  const hit = visitors.inFlight.size;
  if (fault.again) await hop.strike(fault.again);
  const heard = hop.heard();
  if (fault.lastsMs > 0) {
    await new Promise((resolve) => setTimeout(resolve, fault.lastsMs));
    hop.mend();
  }
  return { fault, at, hit, recoveryMs: (await heard) - lastAt };
}

async function within(ms: number, happens: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const came = await Promise.race([happens.then(() => true), late]);
  clearTimeout(timer);
  return came;
}
