import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { MessageKind, replyFlag } from '@reverse-http/protocol/pipe';
import { decodeGoodbye, decodeWelcome } from '@reverse-http/protocol/session';
import { afterEach, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import type { GatewayEvent } from '../../src/index.js';
import { dial } from '../support/raw-connector.js';
import { members, startGateway, type TestGateway, until } from '../support/test-gateway.js';

let it: TestGateway;
const sockets: WebSocket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await it.close();
});

/** A message that only says that everything up to 0 was processed: what proves a transport. */
const proof = Buffer.from('100000', 'hex');

interface Greeted {
  readonly webSocket: WebSocket;
  readonly session: string | undefined;
  /** Why it was refused. */
  readonly refusal: string | undefined;
  /** Resolves with the code of the goodbye. */
  readonly goodbye: Promise<string>;
}

/** Says hello for a replica; {@link Greeted.webSocket} may send {@link proof} then. */
async function greet(replica: string, changes: object = {}): Promise<Greeted> {
  const key = randomBytes(16).toString('hex');
  const targets = [{ target: 'A', replica }];
  const { webSocket, first } = await dial(it.url, it.gateway.token, { key, targets, ...changes });
  sockets.push(webSocket);
  const session = decodeWelcome(first)?.session;
  const goodbye = new Promise<string>((resolve) => {
    webSocket.on('message', (bytes: Buffer) => {
      if (bytes[0] === MessageKind.Close) resolve(decodeGoodbye(bytes).code);
    });
  });
  return { webSocket, session, refusal: session === undefined ? decodeGoodbye(first).code : undefined, goodbye };
}

function sessionsOfA(): string[] {
  return members(it.gateway).map(({ session }) => session);
}

async function isServedBy(...those: Greeted[]): Promise<void> {
  const wanted = those.map(({ session }) => session!).sort();
  await until(() => JSON.stringify(sessionsOfA().sort()) === JSON.stringify(wanted), `${sessionsOfA()}, not ${wanted}`);
}

describe('T22: two starts of one replica', () => {
  test('the newer one takes the place, at its first message after the welcome', async () => {
    it = await startGateway();
    const old = await greet('r1');
    old.webSocket.send(proof);
    await isServedBy(old);
    const next = await greet('r1');
    await isServedBy(old); // Welcomed, and not proven yet.
    next.webSocket.send(proof);
    expect(await old.goodbye).toBe('replaced');
    await isServedBy(next);
  });

  test('the newer hello stays, whichever proves first', async () => {
    it = await startGateway();
    const [older, newer] = [await greet('r1'), await greet('r1')];
    newer.webSocket.send(proof);
    await isServedBy(newer);
    older.webSocket.send(proof);
    expect(await older.goodbye).toBe('replaced');
    await isServedBy(newer);
  });

  test('two clones do not fight: the one that stands by takes the place only when it is free', async () => {
    it = await startGateway();
    const [first, second] = [await greet('r1'), await greet('r1')];
    first.webSocket.send(proof);
    await isServedBy(first);
    second.webSocket.send(proof);
    await isServedBy(second);
    for (let i = 0; i < 3; i++) expect((await greet('r1', { standby: true })).refusal).toBe('standby');
    await isServedBy(second);
    it.gateway.kick('A');
    const third = await greet('r1', { standby: true });
    third.webSocket.send(proof);
    await isServedBy(third);
  });

  test('a standby that was let in yields to who came meanwhile', async () => {
    it = await startGateway();
    const [newcomer, standby] = [await greet('r1'), await greet('r1', { standby: true })];
    newcomer.webSocket.send(proof);
    await isServedBy(newcomer);
    standby.webSocket.send(proof);
    expect(await standby.goodbye).toBe('standby');
    await isServedBy(newcomer);
  });

  test('a replica of one target is not taken for the same name elsewhere', async () => {
    it = await startGateway();
    const both = await greet('', {
      targets: [
        { target: 'A', replica: 'r1' },
        { target: 'B', replica: 'r2' },
      ],
    });
    both.webSocket.send(proof);
    await isServedBy(both);
    const other = await greet('r2', { standby: true });
    other.webSocket.send(proof);
    await isServedBy(both, other);
  });
});

describe('T22: an exclusive target', () => {
  const exclusive = { targets: [{ match: 'a', replicas: 'exclusive' }] } as const;

  test('stays with the one that answers', async () => {
    const events: GatewayEvent[] = [];
    it = await startGateway({ ...exclusive, onEvent: (event) => void events.push(event) });
    const holder = await it.connect({ replica: 'r1' }); // Answers what asks for an answer.
    const startedAt = performance.now();
    expect((await greet('r2')).refusal).toBe('target-taken');
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect((await greet('r2', { standby: true })).refusal).toBe('standby');
    expect(sessionsOfA()).toEqual([holder.welcome.session]);
    expect(events.filter(({ event }) => event === 'refused').map(({ code }) => code)).toEqual([
      'target-taken',
      'standby',
    ]);
  });

  test('goes to the newcomer when its holder does not answer, or has no transport', async () => {
    it = await startGateway(exclusive);
    const silent = await greet('r1');
    silent.webSocket.send(proof);
    await isServedBy(silent);
    const second = await greet('r2');
    expect(second.session).toBeDefined();
    second.webSocket.send(proof);
    expect(await silent.goodbye).toBe('replaced');
    await isServedBy(second);
    second.webSocket.terminate();
    await until(() => members(it.gateway)[0]?.state === 'detached');
    const startedAt = performance.now();
    const third = await greet('r3');
    expect(performance.now() - startedAt).toBeLessThan(1000);
    third.webSocket.send(proof);
    await isServedBy(third);
  });

  test('a new start of the same replica takes it at once', async () => {
    it = await startGateway(exclusive);
    const old = await it.connect({ replica: 'r1' });
    const next = await greet('r1');
    next.webSocket.send(proof);
    await isServedBy(next);
    await until(() => old.session.state.state === 'closed');
    expect(old.session.state).toMatchObject({ state: 'closed', reason: { code: 'replaced' } });
  });

  test('of many that come at once exactly one gets it', async () => {
    it = await startGateway(exclusive);
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => greet(`r${i}`)));
    const welcomed = all.filter(({ session }) => session !== undefined);
    for (const { webSocket } of welcomed) webSocket.send(proof);
    const lost = await Promise.all(welcomed.slice(1).map(({ goodbye }) => goodbye));
    expect(lost).toEqual(lost.map(() => 'target-taken'));
    expect(lost.length).toBeGreaterThan(0);
    await isServedBy(welcomed[0]!);
  });

  test('its holder may have revived while somebody else was let in', async () => {
    it = await startGateway(exclusive);
    const holder = await greet('r1');
    holder.webSocket.send(proof);
    await isServedBy(holder);
    const newcomer = await greet('r2');
    holder.webSocket.send(Buffer.from([MessageKind.Data | replyFlag, 0, 0])); // A sign of life after all.
    await once(holder.webSocket, 'message');
    newcomer.webSocket.send(proof);
    expect(await newcomer.goodbye).toBe('target-taken');
    await isServedBy(holder);
  });
});
