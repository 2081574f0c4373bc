import type { ConnectionState } from '@reverse-http/connector/node';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Hop, type HopOptions, startHop } from '../support/hop.js';
import { type Site, startSite, staysUp } from './site.js';

let site: Site;
let hop: Hop;
beforeAll(async () => {
  site = await startSite();
});
afterEach(async () => {
  await site.leave();
  await hop.close();
});
afterAll(() => site.close());

const poorest: HopOptions = { version: '1.0', closes: true, maxBodyBytes: 64 * 1024, strips: true };
const webSockets = '/.well-known/reverse-http/websocket';

/** A hop, and what is reached behind it. */
const hops: readonly (readonly [string, HopOptions, 'poll' | 'websocket'])[] = [
  ['passes everything', {}, 'websocket'],
  ['speaks HTTP/1.0', { version: '1.0', upgrades: 'stripped' }, 'poll'],
  ['closes every connection', { closes: true, upgrades: 'stripped' }, 'poll'],
  ['closes every connection but upgraded ones', { closes: true }, 'websocket'],
  ['has room for 64 KiB', { maxBodyBytes: 64 * 1024, upgrades: 'refused' }, 'poll'],
  ['answers in chunks', { framing: 'chunks', upgrades: 'refused' }, 'poll'],
  ['ends answers by closing the connection', { version: '1.0', framing: 'end', upgrades: 'refused' }, 'poll'],
  ['strips what it does not know', { strips: true, upgrades: 'refused' }, 'poll'],
  ['refuses upgrades', { upgrades: 'refused' }, 'poll'],
  ['passes no Upgrade', { upgrades: 'stripped' }, 'poll'],
  ['does not answer upgrades', { upgrades: 'swallowed' }, 'poll'],
  ['lets nothing pass after an upgrade', { upgrades: 'mute' }, 'poll'],
  ['cuts what is upgraded', { upgrades: 'cut' }, 'poll'],
  ['does all of it', { ...poorest, upgrades: 'refused' }, 'poll'],
];

describe('T10: behind a hop that', () => {
  test.each(hops)('%s', async (_, options, best) => {
    hop = await startHop(site.url, options);
    const states: ConnectionState[] = [];
    const connection = site.connect({ gateway: hop.url, onState: (state) => states.push(state) });
    expect(await connection.ready).toMatchObject({ transport: 'poll' });
    await site.exchangeBodies();
    // The better one is tried beside it.
    await vi.waitUntil(() => hop.seen.some((line) => line.includes(webSockets)));
    if (best === 'websocket')
      await vi.waitUntil(() => connection.state.state === 'ready' && connection.state.transport === best);
    await site.exchangeBodies();
    expect(connection.state).toMatchObject({ state: 'ready', transport: best });
    // Neither the try nor what became of it was noticed by anybody.
    expect(new Set(states.map(({ state }) => state))).toEqual(new Set(['ready']));
  });

  test('falls mute after an upgrade: the session goes on by polling', async () => {
    hop = await startHop(site.url, { upgrades: 'falls-mute' });
    const transports: string[] = [];
    const onState = (state: ConnectionState): void => {
      if (state.state === 'ready') transports.push(state.transport);
    };
    const connection = site.connect({ gateway: hop.url, onState });
    await connection.ready;
    await vi.waitUntil(() => hop.seen.some((line) => line.includes(webSockets)));
    // What was under way when the hop fell mute arrives.
    await site.exchangeBodies();
    expect(connection.state).toMatchObject({ state: 'ready', transport: 'poll' });
    expect(new Set(transports)).toEqual(new Set(['poll']));
  });

  test.each(['auto', 'websocket'] as const)(
    'closes what is idle: %s stays up',
    async (transport) => {
      hop = await startHop(site.url, { idleMs: 2000 });
      let lostAt = 0;
      let losses = 0;
      const onState = ({ state }: ConnectionState): void => {
        if (state === 'ready') return;
        lostAt = Date.now();
        if (state === 'detached') losses += 1;
      };
      const connection = site.connect({ gateway: hop.url, transport, onState });
      await connection.ready;
      await vi.waitUntil(() => losses > 0, { timeout: 10_000 });
      await site.exchangeBodies();
      await staysUp(connection, () => lostAt);
      await site.exchangeBodies();
    },
    60_000,
  );
});
