import { byEach, type DrillOptions, type Figures, must, sleep, type Transport } from './drill.js';
import { createRandom, latencies, percentile, round, summarize } from './figures.js';
import { type Load, startLoad } from './load.js';
import { type Child, openPlace, type Place } from './place.js';

const processes = 4;
const targetsEach = 250;
const downMs = 10_000;
const readyWithinMs = 6000;
const settledMs = 8000;

/** A thousand targets come back to a gateway that was away for ten seconds: soon, and without slowing those that are there. */
export async function stampede({ seed, log }: DrillOptions): Promise<Figures> {
  return byEach(async (transport) => {
    const place = await openPlace();
    const random = createRandom(seed);
    const servers: Child[] = [];
    for (let i = 0; i < processes; i++) {
      servers.push(await place.server({ transport, target: `p${i}`, count: targetsEach }));
    }
    const ready = new Set(await place.gateway.ask<string[]>('targets'));
    must(ready.size === processes * targetsEach, `all targets are there before: ${ready.size}`);

    const visitReady = (): Load => {
      const url = (): string => `${place.url}/gw/${pick([...ready], random)}/`;
      return startLoad({ url, visitors: 16, pauseMs: 40, handlerMs: 10, random });
    };
    // Warm first, then the measure of what is usual.
    await stopAfter(visitReady(), 2000);
    const before = latencies(await stopAfter(visitReady(), settledMs));

    await place.gateway.kill();
    ready.clear();
    await sleep(downMs);
    await place.restartGateway();
    const backAt = performance.now();
    const waiting = allReady(place, ready, transport, log);
    while (ready.size === 0) await sleep(5);
    const load = visitReady();
    const used = await cpuOf(place, servers);
    const allReadyMs = await waiting;
    const [gatewayCpu, serversCpu] = (await cpuOf(place, servers)).map((ms, i) => Math.round(ms - used[i]!));
    const outcomes = await stopAfter(load, settledMs);
    await place.end();

    const figures = summarize(outcomes);
    must(figures.good === figures.requests, `no visitor of a ready target fails: ${JSON.stringify(figures)}`);
    const rush = latencies(outcomes.filter(({ from }) => from < backAt + allReadyMs));
    const calm = latencies(outcomes.filter(({ from }) => from >= backAt + allReadyMs));
    const shares = [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const;
    for (const [name, share] of shares) {
      figures[`${name} ms before`] = round(percentile(before, share));
      figures[`${name} ms while they come`] = round(percentile(rush, share));
      figures[`${name} ms after`] = round(percentile(calm, share));
    }
    figures['CPU ms of the gateway while they come'] = gatewayCpu!;
    figures['CPU ms of the connectors while they come'] = serversCpu!;
    log(`${transport}: ${JSON.stringify({ allReadyMs, ...figures })}`);
    must(allReadyMs < readyWithinMs, `all are ready within ${readyWithinMs} ms: ${allReadyMs}`);
    for (const [name, share] of shares) {
      const ratio = percentile(rush, share) / percentile(before, share);
      figures[`${name} while they come, against before`] = round(ratio);
      must(ratio < 2, `${name} of ready targets is not doubled: ${round(ratio)}`);
    }
    return { targets: processes * targetsEach, 'all ready after ms': Math.round(allReadyMs), ...figures };
  });
}

async function cpuOf(place: Place, servers: readonly Child[]): Promise<[gateway: number, servers: number]> {
  const [gateway, ...others] = await Promise.all([place.gateway, ...servers].map((child) => child.facts()));
  return [gateway!.cpuMs, others.reduce((sum, { cpuMs }) => sum + cpuMs, 0)];
}

function pick(names: readonly string[], random: () => number): string {
  return names[Math.floor(random() * names.length)]!;
}

async function stopAfter(load: Load, ms: number) {
  await sleep(ms);
  return load.stop();
}

/** Keeps the set of those that are there; resolves with the time after which it was all of them. */
async function allReady(
  place: Place,
  ready: Set<string>,
  transport: Transport,
  log: DrillOptions['log'],
): Promise<number> {
  const backAt = performance.now();
  let told = 0;
  for (;;) {
    for (const name of await place.gateway.ask<string[]>('targets')) ready.add(name);
    const passed = performance.now() - backAt;
    if (Math.floor(passed / 1000) > told) log(`${transport}: after ${++told} s ${ready.size} are ready`);
    if (ready.size === processes * targetsEach) return passed;
    must(passed < 5 * readyWithinMs, `all come back: ${ready.size} did`);
    await sleep(50);
  }
}
