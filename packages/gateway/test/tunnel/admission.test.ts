import { decodeGoodbye, decodeWelcome, type Goodbye, type Hello } from '@reverse-http/protocol/session';
import { afterEach, describe, expect, test } from 'vitest';
import {
  byHost,
  byPath,
  type Credentials,
  type GatewayOptions,
  type Grant,
  ReverseHttpError,
  toTarget,
} from '../../src/index.js';
import { dial } from '../support/raw-connector.js';
import { readAnswer } from '../support/read-answers.js';
import type { ScriptOptions } from '../support/scripted-connector.js';
import { connectScripted, type ScriptedConnector } from '../support/scripted-connector.js';
import { startGateway, type TestGateway, until } from '../support/test-gateway.js';

let it: TestGateway;
const connectors: ScriptedConnector[] = [];
afterEach(async () => {
  for (const connector of connectors.splice(0)) connector.close();
  await it.close();
});

/** Lets every token in that says whose it is: `owner`, `owner/id`. */
function byOwner({ token = '' }: Hello): { owner: string; id: string } {
  const [owner = '', id = owner] = token.split('/');
  return { owner, id };
}

async function refusal(token: string, changes: object = {}): Promise<Goodbye> {
  const { webSocket, first } = await dial(it.url, token, changes);
  webSocket.terminate();
  return decodeGoodbye(first);
}

async function connect(token: string, options?: ScriptOptions): Promise<ScriptedConnector> {
  const connector = await connectScripted(it.url, token, options);
  connectors.push(connector);
  await until(() => it.gateway.sessions.has(connector.welcome.session));
  return connector;
}

describe('owners', () => {
  const shared: GatewayOptions = { listeners: [{ port: 0, routes: [byHost('*.localhost'), byPath('/gw')] }] };

  test('a second one is kept off a shared origin, and told the route', async () => {
    it = await startGateway({ ...shared, auth: byOwner });
    await connect('acme/1');
    await connect('acme/2', { target: 'B' });
    expect(await refusal('evil')).toMatchObject({
      code: 'not-addressable',
      message: expect.stringMatching(/"A" would share the origin of route "path \/gw" .* sharedOrigin: trusted/),
    });
    it.gateway.kick('A');
    it.gateway.kick('B');
    await connect('evil'); // The first one is gone.
    expect((await refusal('acme')).code).toBe('not-addressable');
  });

  test('but not where the operator trusts them, or every target has its own origin', async () => {
    const [listener] = shared.listeners!;
    it = await startGateway({ listeners: [{ ...listener, sharedOrigin: 'trusted' }], auth: byOwner });
    await connect('acme');
    await connect('evil', { target: 'B' });
    await it.close();
    it = await startGateway({
      listeners: [{ port: 0, routes: [byHost('*.localhost')], hosts: ['127.0.0.1'] }],
      auth: byOwner,
    });
    await connect('acme');
    await connect('evil', { target: 'B' });
    // A shared origin that is added now would put them together.
    await expect(it.gateway.listen({ port: 0, routes: [byPath('/gw')] })).rejects.toMatchObject({ code: 'bad-option' });
    const other = await it.gateway.listen({ port: 0, routes: [byPath('/gw')], sharedOrigin: 'trusted' });
    await other.close();
  });

  test('any credential of the owner goes on with a session, no other one', async () => {
    const options = { listeners: [{ ...shared.listeners![0]!, sharedOrigin: 'trusted' }], auth: byOwner } as const;
    it = await startGateway(options);
    const key = 'k'.repeat(32);
    const { webSocket, first } = await dial(it.url, 'acme/1', { key });
    expect(String(first)).toMatch(/^\x02/);
    webSocket.send(Buffer.from('100000', 'hex'));
    await until(() => it.gateway.targets.has('A'));
    expect((await refusal('evil', { key, attach: 2 })).code).toBe('unauthorized');
    const again = await dial(it.url, 'acme/2', { key, attach: 2 });
    expect(String(again.first)).toMatch(/^\x02/);
    again.webSocket.send(Buffer.from('100000', 'hex'));
    await until(() => it.gateway.targets.get('A')?.replicas[0]?.credential === 'acme/2'.slice(5));
    expect((await refusal('acme/1', { key })).code).toBe('stale');
    again.webSocket.terminate();
  });
});

test('a welcome has room for the preferred URL of 64 targets, however long their names', async () => {
  const host = `${'h'.repeat(60)}.example.com`;
  it = await startGateway({
    publicUrl: `https://${host}`,
    listeners: [{ port: 0, routes: [byPath('/gw'), byHost(`*.${host}`)] }],
  });
  const targets = Array.from({ length: 64 }, (_, i) => ({ target: `${'t'.repeat(61)}${i + 10}`, replica: 'r1' }));
  const { url } = await it.gateway.listen({ port: 0 });
  const { webSocket, first } = await dial(url, it.gateway.token, { targets });
  const { urls } = decodeWelcome(first)!;
  for (const { target } of targets) expect(urls[target]).toEqual([`https://${host}/gw/${target}/`]);
  webSocket.terminate();
});

test('a target that no route reaches is refused, and told the routes', async () => {
  it = await startGateway({ listeners: [{ port: 0, routes: [byHost('*.localhost'), toTarget('B')], tunnel: true }] });
  const { code, message } = await refusal(it.gateway.token!, { targets: [{ target: 'a.b', replica: 'r' }] });
  expect(code).toBe('not-addressable');
  expect(message).toBe('No route of this gateway reaches "a.b": it has host *.localhost, target B.');
});

describe('limits', () => {
  test('sessions of one credential', async () => {
    it = await startGateway({ limits: { sessionsPerToken: 2 }, auth: byOwner });
    for (const target of ['A', 'B']) await connect('acme/1', { target });
    expect(await refusal('acme/1')).toMatchObject({ code: 'overloaded', message: 'The token has 2 sessions already.' });
    await connect('acme/2', { target: 'C' });
    it.gateway.kick('B');
    await connect('acme/1', { target: 'D' });
  });

  test('hellos a second', async () => {
    it = await startGateway({ limits: { hellosPerSecond: 3 }, auth: byOwner });
    const codes = await Promise.all(Array.from({ length: 8 }, () => refusal('acme', { targets: [] })));
    const refused = codes.filter(({ code }) => code === 'overloaded');
    expect(refused.length).toBeGreaterThanOrEqual(3);
    expect(refused[0]).toMatchObject({ retryAfterMs: 1000 });
    expect(codes.filter(({ code }) => code === 'bad-target').length).toBeGreaterThanOrEqual(3);
  });
});

test('a hello that learns only that its session is gone leaves room for the next one', async () => {
  it = await startGateway({ limits: { hellosPerSecond: 1 }, auth: byOwner });
  const resume = { session: 'nobody', offset: 0 };
  const codes = [await refusal('acme', { resume }), await refusal('acme', { targets: [] })].map(({ code }) => code);
  expect(codes).toEqual(['gone', 'bad-target']);
});

describe('credentials', () => {
  test('one that is revoked ends its sessions at once, and no others', async () => {
    const auth: Credentials = { authenticate: byOwner };
    it = await startGateway({ auth });
    const [one, two] = [await connect('acme/1'), await connect('acme/2', { target: 'B' })];
    auth.onRevoked!('1');
    await until(() => one.session.state.state === 'closed');
    expect(one.session.state).toMatchObject({ reason: { code: 'revoked' } });
    expect(two.session.state.state).toBe('attached');
    expect(it.gateway.targets.has('A')).toBe(false);
  });

  test('one that expires while it is used ends its session; a newer one keeps it', async () => {
    let expiresAt = Date.now() + 300;
    it = await startGateway({ auth: () => ({ owner: 'acme', expiresAt }) });
    const key = 'k'.repeat(32);
    const short = await connect('x', { target: 'B' });
    await dial(it.url, 'x', { key });
    expiresAt += 60_000;
    const { webSocket } = await dial(it.url, 'x', { key, attach: 2 });
    webSocket.send(Buffer.from('100000', 'hex'));
    await until(() => short.session.state.state === 'closed');
    expect(short.session.state).toMatchObject({ reason: { code: 'revoked' } });
    expect(it.gateway.targets.has('A')).toBe(true);
    webSocket.terminate();
  });

  test('one that goes on with a session may end it earlier', async () => {
    let grant: Grant = { owner: 'acme' };
    it = await startGateway({ auth: () => grant });
    const key = 'k'.repeat(32);
    (await dial(it.url, 'x', { key })).webSocket.send(Buffer.from('100000', 'hex'));
    await until(() => it.gateway.targets.has('A'));
    grant = { owner: 'acme', expiresAt: Date.now() + 300 };
    (await dial(it.url, 'x', { key, attach: 2 })).webSocket.send(Buffer.from('100000', 'hex'));
    await until(() => !it.gateway.targets.has('A'));
  });

  test('a check may say why it refuses', async () => {
    const auth = (): never => {
      throw new ReverseHttpError('revoked', 'Token 7f was revoked on Monday.');
    };
    it = await startGateway({ auth });
    expect(await refusal('x')).toEqual({ code: 'revoked', message: 'Token 7f was revoked on Monday.' });
  });

  test('a session cannot be gone on with by a token that is not good for its targets', async () => {
    it = await startGateway({ auth: ({ token = '' }) => ({ owner: 'acme', targets: [token] }) });
    const key = 'k'.repeat(32);
    const { first, webSocket } = await dial(it.url, 'a*', { key });
    expect(String(first)).toMatch(/^\x02/);
    expect((await refusal('b*', { key, attach: 2 })).code).toBe('unauthorized');
    webSocket.terminate();
  });
});

describe('targets that are named, and not by a pattern', () => {
  test('are known from the start: their visitors are held', async () => {
    const auth: Credentials = {
      authenticate: byOwner,
      list: () => [{ targets: ['Camera-7', 'b-*'] }, { targets: ['gone'], revokedAt: '2020-01-01T00:00:00Z' }],
    };
    it = await startGateway({ auth, targets: [{ match: 'Line-4' }, { match: 'c-*' }], deadlines: { hold: 20 } });
    const statusOf = async (target: string): Promise<number> =>
      readAnswer(await (await it.get('', `/gw/${target}/`)).until('requestId')).status;
    for (const known of ['line-4', 'camera-7']) expect(await statusOf(known)).toBe(503);
    for (const unknown of ['b-1', 'c-1', 'gone']) expect(await statusOf(unknown)).toBe(404);
    expect(it.gateway.targets.size).toBe(0);
  });
});
