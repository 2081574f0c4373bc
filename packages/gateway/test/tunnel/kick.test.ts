import { decodeGoodbye, type Goodbye } from '@reverse-http/protocol/session';
import { afterEach, describe, expect, test } from 'vitest';
import type { GatewayEvent } from '../../src/index.js';
import { BanList } from '../../src/tunnel/ban-list.js';
import { dial } from '../support/raw-connector.js';
import { readAnswer } from '../support/read-answers.js';
import { startGateway, type TestGateway, until } from '../support/test-gateway.js';

let it: TestGateway;
afterEach(() => it.close());

async function refusal(target: string, replica: string): Promise<Goodbye | undefined> {
  const { webSocket, first } = await dial(it.url, it.gateway.token, { targets: [{ target, replica }] });
  webSocket.terminate();
  return first[0] === 2 ? undefined : decodeGoodbye(first);
}

describe('kick', () => {
  test('ends all who serve a target, without case; they may come again', async () => {
    it = await startGateway();
    const kicked = [await it.connect({ replica: 'r1' }), await it.connect({ replica: 'r2' })];
    const other = await it.connect({ target: 'B' });
    expect(it.gateway.kick('a')).toBe(2);
    expect(it.gateway.kick('a')).toBe(0);
    for (const { session } of kicked) {
      await until(() => session.state.state === 'closed');
      expect(session.state).toMatchObject({ reason: { code: 'kicked' } });
    }
    expect(other.session.state.state).toBe('attached');
    await it.connect({ replica: 'r1' });
  });

  test('for a while nobody may come for it', async () => {
    it = await startGateway();
    await it.connect();
    expect(it.gateway.kick('a', { forMs: 60_000 })).toBe(1);
    const told = await refusal('A', 'other');
    expect(told).toMatchObject({ code: 'kicked' });
    expect(told!.retryAfterMs).toBeGreaterThan(59_000);
    expect(told!.retryAfterMs).toBeLessThanOrEqual(60_000);
    expect(await refusal('B', 'r1')).toBeUndefined();
    expect(it.gateway.kick('B', { forMs: 60_000 })).toBe(1);
  });

  test('of one session: only its replica stays away', async () => {
    it = await startGateway();
    const [one, two] = [await it.connect({ replica: 'r1' }), await it.connect({ replica: 'r2' })];
    expect(it.gateway.kick({ session: one.welcome.session }, { forMs: 60_000 })).toBe(1);
    expect(it.gateway.kick({ session: 'nobody' }, { forMs: 60_000 })).toBe(0);
    expect([...it.gateway.sessions.keys()]).toEqual([two.welcome.session]);
    expect(await refusal('A', 'r1')).toMatchObject({ code: 'kicked' });
    expect(await refusal('A', 'r3')).toBeUndefined();
  });

  test('bans end with their time, and are bounded in number', () => {
    let now = 0;
    const bans = new BanList(() => now);
    bans.add('A', undefined, 100);
    bans.add('B', 'r', 200);
    expect([bans.left('a', 'x'), bans.left('b', 'r'), bans.left('b', 'x')]).toEqual([100, 200, 0]);
    now = 150;
    expect([bans.left('a', 'x'), bans.left('b', 'r')]).toEqual([0, 50]);
    for (let i = 0; i < 10_000; i++) bans.add(`t${i}`, undefined, 1000);
    expect(bans.left('b', 'r')).toBe(0); // The oldest made room.
    expect(bans.left('t0', 'r')).toBe(1000);
  });
});

describe('drain', () => {
  test('lets what runs finish, gives nothing new, ends the sessions then', async () => {
    const events: GatewayEvent[] = [];
    it = await startGateway({ onEvent: (event) => void events.push(event) });
    const connector = await it.connect();
    const visitor = await it.get('', '/gw/A/1');
    const running = await connector.next();
    const drained = it.gateway.drain('a');
    const held = await it.get('', '/gw/A/2');
    const successor = await it.connect({ replica: 'r2' });
    (await successor.next()).answer('200 OK\r\nContent-Length: LENGTH', 'two');
    await held.until('two');
    expect(connector.session.state.state).toBe('attached');
    running.answer('200 OK\r\nContent-Length: LENGTH', 'one');
    await visitor.until('one');
    await drained;
    await until(() => connector.session.state.state === 'closed');
    expect(connector.session.state).toMatchObject({ reason: { code: 'draining' } });
    expect(connector.requests).toHaveLength(1);
    expect(it.gateway.targets.get('A')!.replicas).toHaveLength(1);
    expect(events.map(({ event }) => event)).toEqual(['connected', 'draining', 'connected', 'disconnected']);
  });

  test('of an idle target, or of none, is done at once', async () => {
    it = await startGateway();
    await it.connect();
    await it.gateway.drain('A');
    expect(it.gateway.targets.size).toBe(0);
    await it.gateway.drain('nobody');
  });

  test('ends with the session, however that ends', async () => {
    it = await startGateway();
    const connector = await it.connect();
    const visitor = await it.get();
    await connector.next();
    const drained = it.gateway.drain('A');
    it.gateway.kick('A');
    await drained;
    expect(readAnswer(await visitor.until('requestId')).status).toBe(502);
  });
});
