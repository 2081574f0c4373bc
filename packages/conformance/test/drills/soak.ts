import { startMiddleman } from '../support/middleman.js';
import type { Facts } from './children/facts.js';
import { type DrillOptions, type Figures, must, sleep, transports } from './drill.js';
import { createRandom, percentile, round, summarize } from './figures.js';
import { type Outcome, startLoad } from './load.js';
import { longKinds, startLong } from './long-exchange.js';
import { type Child, type GatewayStatus, openPlace, type Place } from './place.js';
import { leaveHalfWay } from './quitter.js';

const sampleMs = 15_000;
/** Growth of a process in an hour, above which something is kept. */
const mostMibAnHour = 12;

interface Sample {
  readonly hours: number;
  readonly facts: Facts;
}

/** Mixed load over both transports with cuts of the link, for long: nothing grows. */
export async function soak({ seed, log, minutes = 30 }: DrillOptions): Promise<Figures> {
  const random = createRandom(seed);
  const place = await openPlace();
  const middlemen = [await startMiddleman(place.url), await startMiddleman(place.url)];
  const [webSocket, poll] = (await Promise.all(
    transports.map((transport, i) => place.server({ transport, target: transport, gateway: middlemen[i]!.url })),
  )) as [Child, Child];
  const children = { gateway: place.gateway, websocket: webSocket, poll };
  const url = (visitor: number): string => `${place.url}/gw/${transports[visitor % 2]}/`;

  const seen = { requests: 0, bad: new Map<string, number>(), long: 0, left: 0, cuts: 0 };
  const sampled: Outcome[] = [];
  const onOutcome = (outcome: Outcome): void => {
    seen.requests++;
    if (outcome.end !== 'good') seen.bad.set(outcome.end, (seen.bad.get(outcome.end) ?? 0) + 1);
    if (seen.requests % 50 === 0) sampled.push(outcome);
    place.ledger.delete(outcome.id);
  };
  const load = startLoad({ url, visitors: 16, pauseMs: 500, handlerMs: 50, maxBytes: 64 * 1024, random, onOutcome });
  const end = { at: performance.now() + minutes * 60_000 };
  const isOn = (): boolean => performance.now() < end.at;
  const others = [
    ...longKinds.map((kind, i) =>
      again(isOn, async () => {
        const { ended } = await startLong(url(i + seen.long), kind, 20 + Math.floor(random() * 80));
        must((await ended).end === 'whole', `a ${kind} comes to its end over all cuts`);
        seen.long++;
      }),
    ),
    again(isOn, async () => {
      await leaveHalfWay(url(seen.left), seen.left % 4);
      seen.left++;
      await sleep(100 + random() * 400);
    }),
    again(isOn, async () => {
      await sleep(5000 + random() * 10_000);
      if (isOn()) middlemen[seen.cuts++ % 2]!.cut((['fin', 'rst', 'silence'] as const)[Math.floor(random() * 3)]!);
    }),
  ];
  const samples = await sample(children, isOn, log);
  await Promise.all(others);
  await load.stop();
  // What visitors left behind in the last second is gone as well.
  await sleep(12_000);
  const atRest = await restOf(place, children);
  for (const middleman of middlemen) await middleman.close();
  await place.end();
  must(seen.bad.size === 0, `no request fails: ${JSON.stringify([...seen.bad])}`);
  const { 'p50 ms': p50 = 0, 'p99 ms': p99 = 0 } = summarize(sampled);
  return {
    minutes,
    requests: seen.requests,
    'long exchanges': seen.long,
    'visitors who left half way': seen.left,
    cuts: seen.cuts,
    'p50 ms': p50,
    'p99 ms': p99,
    ...growth(samples),
    ...atRest,
  };
}

async function again(isOn: () => boolean, act: () => Promise<void>): Promise<void> {
  while (isOn()) await act();
}

/** Looks at all processes now and then. */
async function sample(
  children: Readonly<Record<string, Child>>,
  isOn: () => boolean,
  log: DrillOptions['log'],
): Promise<Record<string, Sample[]>> {
  const started = performance.now();
  const samples: Record<string, Sample[]> = {};
  while (isOn()) {
    await sleep(sampleMs);
    const hours = (performance.now() - started) / 3_600_000;
    const seen: string[] = [];
    for (const [name, child] of Object.entries(children)) {
      const facts = await child.facts();
      samples[name] ??= [];
      samples[name].push({ hours, facts });
      seen.push(
        `${name} ${mib(facts.heapBytes)}/${mib(facts.rssBytes)} MiB ${facts.sockets} fds ${total(facts)} resources`,
      );
    }
    log(`${Math.round(hours * 60)} min: ${seen.join('; ')}`);
  }
  return samples;
}

function growth(samples: Readonly<Record<string, Sample[]>>): Figures {
  const figures: Figures = {};
  for (const [name, all] of Object.entries(samples)) {
    const tell = (what: string, read: (facts: Facts) => number): number => {
      const values = all.map(({ facts }) => read(facts));
      const third = Math.max(1, Math.floor(values.length / 3));
      const middle = (part: readonly number[]): number => round(percentile(part, 0.5));
      const parts = [values.slice(0, third), values.slice(third, -third), values.slice(-third)].map(middle);
      // The first minutes are those of warming up.
      const slope = slopeOf(all.slice(third), read);
      figures[`${name}: ${what}`] = `${parts.join(' ')} (${slope > 0 ? '+' : ''}${round(slope)}/h)`;
      return slope;
    };
    const heap = tell('heap MiB', (facts) => mib(facts.heapBytes));
    tell('outside MiB', (facts) => mib(facts.outsideBytes));
    tell('RSS MiB', (facts) => mib(facts.rssBytes));
    tell('descriptors', ({ sockets }) => sockets);
    tell('timers and handles', total);
    const long = all.at(-1)!.hours > 0.4;
    must(!long || heap < mostMibAnHour, `the heap of ${name} does not grow: ${heap} MiB an hour`);
  }
  return figures;
}

/** What is left when nobody asks any more: the connectors' own connections. */
async function restOf(place: Place, children: Readonly<Record<string, Child>>): Promise<Figures> {
  const status = await place.gateway.ask<GatewayStatus>('status');
  must(status.running === 0, `no exchange is left: ${status.running}`);
  must(status.sessions === transports.length, `as many sessions as connectors: ${status.sessions}`);
  const figures: Figures = { 'at rest: exchanges': status.running, 'at rest: sessions': status.sessions };
  figures.resumes = status.resumes;
  for (const [name, child] of Object.entries(children)) {
    const { resources, sockets } = await child.facts();
    figures[`at rest: ${name}`] = `${sockets} fds ${JSON.stringify(resources)}`;
  }
  return figures;
}

function mib(bytes: number): number {
  return round(bytes / 1024 / 1024);
}

function total({ resources }: Facts): number {
  return Object.values(resources).reduce((sum, count) => sum + count, 0);
}

/** Least squares: how much comes in an hour. */
function slopeOf(samples: readonly Sample[], read: (facts: Facts) => number): number {
  const count = samples.length;
  const meanX = samples.reduce((sum, { hours }) => sum + hours, 0) / count;
  const meanY = samples.reduce((sum, { facts }) => sum + read(facts), 0) / count;
  let above = 0;
  let below = 0;
  for (const { hours, facts } of samples) {
    above += (hours - meanX) * (read(facts) - meanY);
    below += (hours - meanX) ** 2;
  }
  return below === 0 ? 0 : above / below;
}
