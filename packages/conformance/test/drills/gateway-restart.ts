import { byEach, type DrillOptions, type Figures, must, sleep, type Transport } from './drill.js';
import { createRandom, summarize } from './figures.js';
import { type Outcome, startLoad } from './load.js';
import { openPlace } from './place.js';
import { firstGood } from './restart-one.js';

const downMs = 2000;

/** The gateway is away for two seconds, under load: who was in flight knows what came of it, who comes after its return waits. */
export async function gatewayRestart({ seed, log }: DrillOptions): Promise<Figures> {
  const all: Figures = {};
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const figures = await byEach((transport) => restart(transport, signal, seed, log));
    for (const [name, value] of Object.entries(figures)) all[`${signal} ${name}`] = value;
  }
  return all;
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
  await place.gateway.kill(signal);
  const goneAt = performance.now();
  await sleep(downMs - (goneAt - stoppedAt));
  await place.restartGateway();
  const backAt = performance.now();
  await sleep(3000);
  const outcomes = await load.stop();
  const figures = summarize(outcomes);
  must(server.child.exitCode === null, 'the connector lives on');
  await place.end();
  log(`${transport}: ${signal}, ${JSON.stringify(figures)}`);

  const inFlight = outcomes.filter(({ from, to }) => from < stoppedAt && to > stoppedAt);
  const after = outcomes.filter(({ from }) => from > backAt);
  must(
    after.every(({ end }) => end === 'good'),
    `who comes after its return is served: ${tell(after)}`,
  );
  if (signal === 'SIGTERM')
    must(
      inFlight.every(({ end }) => end === 'good'),
      `what runs is finished: ${tell(inFlight)}`,
    );
  must(place.doubled === 0, 'no request comes to a handler twice');
  const answerAt = firstGood(outcomes, backAt);
  return {
    ...figures,
    'in flight': inFlight.length,
    'of them cut': inFlight.filter(({ end }) => end === 'cut' || end === 'broken').length,
    'held after its return': after.filter(({ from }) => from < answerAt).length,
    'first answer after its return ms': Math.round(answerAt - backAt),
  };
}

function tell(outcomes: readonly Outcome[]): string {
  return JSON.stringify(outcomes.find(({ end }) => end !== 'good'));
}
