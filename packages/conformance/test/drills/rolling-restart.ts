import { byEach, type DrillOptions, type Figures, must, sleep } from './drill.js';
import { createRandom, summarize } from './figures.js';
import { startLoad } from './load.js';
import { openPlace } from './place.js';

const rounds = 3;

/** Two replicas under load are stopped by SIGTERM and started again, one after the other: nobody notices. */
export async function rollingRestart({ seed, log }: DrillOptions): Promise<Figures> {
  return byEach(async (transport) => {
    const place = await openPlace();
    const replicas = ['first', 'second'];
    const servers = await Promise.all(replicas.map((replica) => place.server({ transport, replica })));
    const url = `${place.url}/gw/A/`;
    const load = startLoad({
      ...{ url: () => url, visitors: 32, pauseMs: 40, handlerMs: 60, maxBytes: 64 * 1024 },
      random: createRandom(seed),
    });
    await sleep(1000);
    for (let i = 0; i < rounds * 2; i++) {
      const at = i % 2;
      await servers[at]!.kill('SIGTERM');
      must(servers[at]!.child.exitCode === 0, 'a drained connector exits with 0');
      servers[at] = await place.server({ transport, replica: replicas[at]! });
      log(`${transport}: restart ${i + 1} of ${rounds * 2}, ${load.outcomes.length} requests`);
      await sleep(500);
    }
    const figures = summarize(await load.stop());
    await place.end();
    must(figures.good === figures.requests, `no request fails: ${JSON.stringify(figures)}`);
    must(place.doubled === 0, 'no request comes to a handler twice');
    return { restarts: rounds * 2, ...figures, doubled: place.doubled };
  });
}
