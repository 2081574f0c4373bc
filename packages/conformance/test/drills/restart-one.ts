import { byEach, type DrillOptions, type Figures, must, sleep, type Transport } from './drill.js';
import { createRandom, summarize } from './figures.js';
import { type Outcome, startLoad } from './load.js';
import { openPlace } from './place.js';

/** The only connector restarts: who comes meanwhile waits. By SIGTERM nothing fails; by SIGKILL what it had is lost, and told. */
export async function restartOne({ seed, log }: DrillOptions): Promise<Figures> {
  const bySignal = (signal: NodeJS.Signals) => byEach((transport) => restart(transport, signal, seed, log));
  const [term, kill] = [await bySignal('SIGTERM'), await bySignal('SIGKILL')];
  return Object.fromEntries(
    [...Object.entries(term).map(name('SIGTERM')), ...Object.entries(kill).map(name('SIGKILL'))].sort(),
  );
}

function name(signal: string) {
  return ([name, value]: [string, number | string]): [string, number | string] => [
    name.replace(':', ` ${signal}:`),
    value,
  ];
}

async function restart(
  transport: Transport,
  signal: NodeJS.Signals,
  seed: number,
  log: DrillOptions['log'],
): Promise<Figures> {
  const place = await openPlace();
  const server = await place.server({ transport });
  const url = `${place.url}/gw/A/`;
  const load = startLoad({ url: () => url, visitors: 32, pauseMs: 40, handlerMs: 60, random: createRandom(seed) });
  await sleep(1500);
  const stoppedAt = performance.now();
  await server.kill(signal);
  const goneAt = performance.now();
  await place.server({ transport });
  const backAt = performance.now();
  log(`${transport}: ${signal}, away for ${Math.round(backAt - goneAt)} ms`);
  await sleep(1500);
  const outcomes = await load.stop();
  const figures = summarize(outcomes);
  await place.end();
  const failed = outcomes.filter(({ end }) => end !== 'good');
  if (signal === 'SIGTERM') must(failed.length === 0, `no request fails: ${JSON.stringify(figures)}`);
  for (const outcome of failed) must(isToldAsLost(outcome), `what is lost is told: ${JSON.stringify(outcome)}`);
  must(place.doubled === 0, 'no request comes to a handler twice');
  const held = outcomes.filter(({ from, to }) => from > stoppedAt && from < backAt && to > goneAt);
  return {
    ...figures,
    'away ms': Math.round(backAt - goneAt),
    'came meanwhile': held.length,
    'of them lost': held.filter(({ end }) => end !== 'good').length,
    'first answer after its start ms': Math.round(firstGood(outcomes, goneAt) - goneAt),
  };
}

/** An answer that says so, or one that ends visibly before its end. */
export function isToldAsLost({ end, status, reason, delivered }: Outcome): boolean {
  return (
    end === 'broken' || (end === 'problem' && status === 502 && reason === 'connector-lost' && delivered === 'unknown')
  );
}

/** When the first good answer came to an end of those asked for or waited for since a moment. */
export function firstGood(outcomes: readonly Outcome[], since: number): number {
  return Math.min(...outcomes.filter(({ end, to }) => end === 'good' && to > since).map(({ to }) => to));
}
