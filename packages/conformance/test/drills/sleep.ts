import type { Way } from '../support/one-way-hop.js';
import { ask, type Seen, seconds, startVisitors } from './ask.js';
import { type DrillOptions, type Figures, must, sleep, type Transport, transports } from './drill.js';
import { type Gateway, Ground } from './ground.js';
import { addressChanges, nameComesLate, setClock } from './surroundings.js';

const isReady = ({ event }: { readonly event: string }): boolean => event === 'ready';

/**
 * What a link goes through without a word: half of it goes, a process stands still, clocks are set, the address changes, the
 * gateway's name is not known yet. All the time `ready` means that a round trip worked less than 20 s ago.
 */
export async function sleepAndWake({ log }: DrillOptions): Promise<Figures> {
  const ground = new Ground();
  const all: Figures = {};
  const failures: string[] = [];
  const run = async (name: string, part: Promise<Figures>): Promise<void> => {
    try {
      const figures = Object.entries(await part);
      for (const [key, value] of figures) all[`${name}: ${key}`] = value;
      log(`${name}: ${figures.map(([key, value]) => `${key} ${value}`).join('; ')}`);
    } catch (error) {
      failures.push(`${name}: ${error}`);
      log(failures.at(-1)!);
    }
  };
  try {
    const gateway = await ground.gateway();
    const parts: Promise<void>[] = [];
    for (const transport of transports) {
      for (const [name, start] of situations(ground, gateway, transport)) {
        parts.push(run(`${transport}, ${name}`, start()));
        // So many processes start one after the other, or they wait for each other and not for what is measured.
        await sleep(1500);
      }
    }
    await Promise.all(parts);
  } finally {
    await ground.end();
  }
  if (failures.length > 0) throw new Error(failures.join('; '));
  return all;
}

type Situation = readonly [string, () => Promise<Figures>];

function situations(ground: Ground, gateway: Gateway, transport: Transport): readonly Situation[] {
  const all: Situation[] = [];
  // What lasts longest begins first.
  for (const ms of [65_000, 25_000, 5000]) {
    for (const who of ['connector', 'gateway'] as const)
      all.push([`${who} stopped ${ms / 1000} s`, () => standStill(ground, who, transport, ms)]);
  }
  for (const busy of [false, true]) {
    const who = busy ? 'visitors' : 'idle';
    for (const ways of [['up'], ['down'], ['up', 'down']] as const)
      all.push([`${ways.join(' and ')} gone, ${who}`, () => halfOpen(ground, gateway, transport, ways, busy)]);
    all.push([`address changed, ${who}`, () => addressChanges(ground, transport, busy)]);
  }
  for (const offset of ['+1h', '-1h'])
    all.push([`clock ${offset}`, () => setClock(ground, gateway, transport, offset)]);
  all.push(['name known late', () => nameComesLate(ground, transport)]);
  return all;
}

/** Half of a link goes, or both. */
async function halfOpen(
  ground: Ground,
  { url }: Gateway,
  transport: Transport,
  ways: readonly Way[],
  busy: boolean,
): Promise<Figures> {
  const hop = await ground.hop(url);
  const name = `half-${transport}-${ways.join('-')}-${busy ? 'busy' : 'idle'}`;
  const connector = ground.connect(name, transport, hop.url, await ground.origin());
  await connector.command.until(isReady);
  await sleep(2000);
  const visitors = busy ? startVisitors(`${url}/gw/${name}/`, 1500) : undefined;
  await sleep(1000);
  const cutAt = performance.now();
  hop.swallow(ways);
  const { at: toldAt } = await connector.command.until(({ event }) => event !== 'ready', cutAt);
  const { at: backAt } = await connector.command.until(isReady, toldAt);
  const visits = await visitors?.stop();
  visits?.mustBeServed(name);
  // A visitor comes within half a second; a poll that waits at the gateway is still answered, and the next is waited for.
  const isLate = toldAt - cutAt > (busy ? 7000 : transport === 'poll' ? 36_000 : 20_500);
  must(!isLate, `${name}: told in time (${seconds(toldAt - cutAt)} s)`);
  return {
    'told after s': seconds(toldAt - cutAt),
    'ready again after s': seconds(backAt - cutAt),
    ...visits?.figures(),
    ...connector.ageFigures(),
  };
}

/** A process is stopped, and goes on. */
async function standStill(
  ground: Ground,
  who: 'connector' | 'gateway',
  transport: Transport,
  ms: number,
): Promise<Figures> {
  const gateway = await ground.gateway();
  const name = `stop-${who}-${transport}-${ms}`;
  const connector = ground.connect(name, transport, gateway.url, await ground.origin());
  await connector.command.until(isReady);
  await sleep(2000);
  const url = `${gateway.url}/gw/${name}/`;
  const visitors = startVisitors(url, 3000);
  await sleep(1000);
  const stopped = who === 'gateway' ? gateway.command : connector.command;
  connector.unwatched = who === 'connector';
  const stoppedAt = performance.now();
  stopped.signal('SIGSTOP');
  await sleep(ms);
  const wokenAt = performance.now();
  stopped.signal('SIGCONT');
  let back: Seen | undefined;
  while (back?.end !== '200') back = await ask(url);
  const backMs = performance.now() - wokenAt;
  await sleep(500);
  const visits = await visitors.stop();
  visits.mustBeTold(name);
  must(backMs < 5000, `${name}: served soon after it goes on (${seconds(backMs)} s)`);
  return {
    'served again after s': seconds(backMs),
    ...visits.figures(),
    'states after s': connector.statesSince(stoppedAt),
    ...(who === 'gateway' ? connector.ageFigures() : {}),
  };
}
