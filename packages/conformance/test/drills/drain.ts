import { byEach, type DrillOptions, type Figures, must, type Transport } from './drill.js';
import { type LongEnd, longKinds, startLong } from './long-exchange.js';
import { openPlace } from './place.js';

const each = 4;
/** Ten seconds' worth, and more than anybody waits for. */
const [short, endless] = [100, 10_000];

/** SIGTERM with long exchanges running: what ends within half a minute comes to its end, what does not is broken off visibly. */
export async function drain({ log }: DrillOptions): Promise<Figures> {
  return byEach(async (transport) => ({
    ...(await drainOne(transport, 'connector', log)),
    ...(await drainOne(transport, 'gateway', log)),
  }));
}

async function drainOne(transport: Transport, who: string, log: DrillOptions['log']): Promise<Figures> {
  const place = await openPlace();
  const server = await place.server({ transport });
  const url = `${place.url}/gw/A/`;
  const begin = (count: number, times: number) =>
    Promise.all(longKinds.flatMap((kind) => Array.from({ length: times }, () => startLong(url, kind, count))));
  const [ending, unending] = [await begin(short, each), await begin(endless, 1)];
  const leaving = who === 'connector' ? server : place.gateway;
  const toldAt = performance.now();
  const gone = leaving.kill('SIGTERM').then(() => performance.now() - toldAt);
  const ends = await Promise.all(ending.map(({ ended }) => ended));
  const endedMs = performance.now() - toldAt;
  const broken = await Promise.all(unending.map(({ ended }) => ended));
  const goneMs = await gone;
  const { exitCode } = leaving.child;
  await place.end();
  log(`${transport}: ${who} gone after ${Math.round(goneMs)} ms`);
  must(
    ends.every(({ end }) => end === 'whole'),
    `what ends by itself is whole: ${tell(ends)}`,
  );
  must(
    broken.every(({ end }) => end === 'broken'),
    `what does not end is broken off: ${tell(broken)}`,
  );
  must(exitCode === 0, `${who} exits with 0`);
  return {
    [`${who}: of 10 s, whole`]: ends.length,
    [`${who}: the last of them after ms`]: Math.round(endedMs),
    [`${who}: endless, broken off`]: broken.length,
    [`${who}: gone after ms`]: Math.round(goneMs),
  };
}

function tell(ends: readonly LongEnd[]): string {
  return ends.map(({ kind, end, lines, ms }) => `${kind} ${end} after ${lines} lines, ${Math.round(ms)} ms`).join('; ');
}
