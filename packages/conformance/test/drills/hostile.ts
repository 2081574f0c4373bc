import { constants, setPriority } from 'node:os';
import { type Attack, attacks } from './attacks.js';
import { type DrillOptions, type Figures, must, sleep, transports } from './drill.js';
import { createRandom, latencies, percentile, round, summarize } from './figures.js';
import { type Load, startLoad } from './load.js';
import { type Child, type GatewayStatus, openPlace, type Place, startChild } from './place.js';

const calmMs = 3000;
const attackMs = 7000;
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
  for (const [name, attack] of Object.entries(attacks)) {
    let least = Number.POSITIVE_INFINITY;
    // What else the machine does can only make it worse: the best of some tries counts.
    for (let tries = 0; tries < 3 && least >= 2; tries++) {
      const { p50, p99, ratio, counts } = await suffer(place, name, attack, visit);
      least = Math.min(least, ratio);
      figures[name] = `p50 ${p50}x, p99 ${p99} ms, ${ratio}x`;
      log(`${name}: ${figures[name]} ${JSON.stringify(counts)}`);
    }
    if (least >= 2) slowed.push(`${name}: ${least}`);
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

/** One attack, between two times of what is usual on this machine. */
async function suffer(place: Place, name: string, { ends }: Attack, visit: () => Load) {
  const calm = latencies(await stopAfter(visit(), calmMs));
  const attacker = await startAttack(name, place.url, place.gateway.ready.adminUrl!);
  const outcomes = await stopAfter(visit(), attackMs);
  const counts = await attacker.ask<Record<string, number>>('counts');
  await attacker.kill();
  calm.push(...latencies(await stopAfter(visit(), calmMs)));
  must(
    outcomes.every(({ end }) => end === 'good'),
    `${name}: nobody else loses anything: ${JSON.stringify(summarize(outcomes))}`,
  );
  const odd = Object.keys(counts).filter((end) => !ends.includes(end));
  must(odd.length === 0, `${name} leads to nothing but ${ends}: ${odd}`);
  const times = latencies(outcomes);
  const against = (share: number): number => round(percentile(times, share) / percentile(calm, share));
  return { p50: against(0.5), p99: round(percentile(times, 0.99)), ratio: against(0.99), counts };
}

async function startAttack(name: string, url: string, admin: string): Promise<Child> {
  const attacker = await startChild('attacker', { ATTACK: name, URL: url, ADMIN: admin });
  // It has machines of its own: here it gets what the gateway and the others leave.
  setPriority(attacker.child.pid!, constants.priority.PRIORITY_LOW);
  return attacker;
}

async function stopAfter(load: Load, ms: number) {
  await sleep(ms);
  return load.stop();
}

function mib(bytes: number): number {
  return round(bytes / 1024 / 1024);
}
