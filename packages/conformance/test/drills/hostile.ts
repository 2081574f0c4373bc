import { attacks } from './attacks.js';
import { type DrillOptions, type Figures, must, sleep, transports } from './drill.js';
import { createRandom, latencies, percentile, round, summarize } from './figures.js';
import { type Load, startLoad } from './load.js';
import { type Child, type GatewayStatus, openPlace, startChild } from './place.js';

const calmMs = 4000;
const attackMs = 8000;
/** A session that said nothing more is forgotten by then. */
const restMs = 60_000;

/** Everything bad that strangers, connectors and visitors can send, while others are served: they notice nothing. */
export async function hostile({ seed, log }: DrillOptions): Promise<Figures> {
  const place = await openPlace({ admin: { port: 0 } });
  await Promise.all(transports.map((transport) => place.server({ transport, target: transport })));
  const random = createRandom(seed);
  const visit = (): Load => {
    const url = (visitor: number): string => `${place.url}/gw/${transports[visitor % 2]}/`;
    return startLoad({ url, visitors: 16, pauseMs: 40, handlerMs: 20, random });
  };
  await stopAfter(visit(), 2000);
  const before = await place.gateway.facts();
  const figures: Figures = {};
  const slowed: string[] = [];
  let calm = latencies(await stopAfter(visit(), calmMs));
  for (const [name, { ends }] of Object.entries(attacks)) {
    const attacker = await startAttack(name, place.url, place.gateway.ready.adminUrl!);
    const outcomes = await stopAfter(visit(), attackMs);
    const counts = await attacker.ask<Record<string, number>>('counts');
    await attacker.kill();
    must(
      outcomes.every(({ end }) => end === 'good'),
      `${name}: nobody else loses anything: ${JSON.stringify(summarize(outcomes))}`,
    );
    const odd = Object.keys(counts).filter((end) => !ends.includes(end));
    must(odd.length === 0, `${name} leads to nothing but ${ends}: ${odd}`);
    // What is usual on this machine is measured on either side.
    const calmAfter = latencies(await stopAfter(visit(), calmMs));
    const [usual, times] = [[...calm, ...calmAfter], latencies(outcomes)];
    calm = calmAfter;
    const [p50, p99] = [0.5, 0.99].map((share) => percentile(times, share) / percentile(usual, share)) as [
      number,
      number,
    ];
    figures[name] = `p50 ${round(p50)}x, p99 ${round(percentile(times, 0.99))} ms, ${round(p99)}x`;
    if (p99 >= 2) slowed.push(`${name}: ${round(p99)}`);
    log(`${name}: ${figures[name]} ${JSON.stringify(counts)}`);
  }
  await sleep(restMs);
  const status = await place.gateway.ask<GatewayStatus>('status');
  const after = await place.gateway.facts();
  await place.end();
  figures['sessions left'] = status.sessions;
  figures['exchanges left'] = status.running;
  figures['descriptors before and after'] = `${before.sockets}, ${after.sockets}`;
  figures['heap MiB before and after'] = `${mib(before.heapBytes)}, ${mib(after.heapBytes)}`;
  figures['RSS MiB before and after'] = `${mib(before.rssBytes)}, ${mib(after.rssBytes)}`;
  log(JSON.stringify(figures));
  const isClean = status.sessions === transports.length && status.running === 0;
  must(isClean, `nothing is left of them: ${JSON.stringify(status)}`);
  must(slowed.length === 0, `the p99 of others is not doubled: ${slowed}`);
  return figures;
}

function startAttack(name: string, url: string, admin: string): Promise<Child> {
  return startChild('attacker', { ATTACK: name, URL: url, ADMIN: admin });
}

async function stopAfter(load: Load, ms: number) {
  await sleep(ms);
  return load.stop();
}

function mib(bytes: number): number {
  return round(bytes / 1024 / 1024);
}
