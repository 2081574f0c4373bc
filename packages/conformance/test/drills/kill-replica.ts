import { byEach, type DrillOptions, type Figures, must, sleep } from './drill.js';
import { createRandom, latencies, percentile, round, summarize } from './figures.js';
import { startLoad } from './load.js';
import { type LongEnd, longKinds, startLong } from './long-exchange.js';
import { openPlace } from './place.js';
import { isToldAsLost } from './restart-one.js';

/** `kill -9` of one of two replicas under load: only what was sent to it is lost, and told so; nobody else is disturbed. */
export async function killReplica({ seed, log }: DrillOptions): Promise<Figures> {
  return byEach(async (transport) => {
    const place = await openPlace();
    const [victim] = await Promise.all(['first', 'second'].map((replica) => place.server({ transport, replica })));
    const url = `${place.url}/gw/A/`;
    const load = startLoad({ url: () => url, visitors: 64, pauseMs: 40, handlerMs: 60, random: createRandom(seed) });
    const long = await Promise.all(longKinds.flatMap((kind) => [0, 1].map(() => startLong(url, kind, 100))));
    await sleep(3000);
    const killedAt = performance.now();
    await victim!.kill();
    await sleep(12_000);
    log(`${transport}: waiting for what was lost`);
    const outcomes = await load.stop();
    const ends = await Promise.all(long.map(({ ended }) => ended));
    const figures = summarize(outcomes);
    await place.end();

    const lost = outcomes.filter(({ end }) => end !== 'good');
    for (const outcome of lost) must(isToldAsLost(outcome), `what is lost is told: ${JSON.stringify(outcome)}`);
    must(place.doubled === 0, 'no request comes to a handler twice');
    const isVictims = ({ by }: LongEnd): boolean => by === victim!.ready.pid;
    const known = ends.filter(({ by }) => by !== '');
    must(
      known.every((end) => isVictims(end) === (end.end === 'broken')),
      'what the other one answers goes on',
    );
    const before = latencies(outcomes.filter(({ to }) => to < killedAt));
    const after = latencies(outcomes.filter(({ from }) => from > killedAt));
    return {
      ...figures,
      'lost, of those that a handler had': lost.filter(({ id }) => place.ledger.has(id)).length,
      'lost, of those that came after it': lost.filter(({ from }) => from > killedAt).length,
      'told at last after ms': Math.round(Math.max(0, ...lost.map(({ to }) => to - killedAt))),
      'p99 ms before': round(percentile(before, 0.99)),
      'p99 ms after': round(percentile(after, 0.99)),
      'longest ms after': round(Math.max(...after)),
      'long exchanges': ends.length,
      'long exchanges broken': ends.filter(({ end }) => end === 'broken').length,
    };
  });
}
