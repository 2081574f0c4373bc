import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import {
  createGateway,
  createTokenStore,
  type Gateway,
  type GatewayOptions,
  type MetricFamily,
  toTarget,
} from '../src/index.js';
import { nodeClock } from '../src/machine/node-clock.js';
import { defaultTargetPolicy } from '../src/policy/target-policy.js';
import { createRegistry } from '../src/targets/registry.js';
import { startTestGateway } from '../src/testing/index.js';
import type { Reception } from '../src/tunnel/reception.js';
import { createWebSocketEndpoint } from '../src/tunnel/web-socket-endpoint.js';
import { dial } from './support/raw-connector.js';
import { visit, visitBy } from './support/raw-visitor.js';
import { startFront } from './support/test-front.js';

let gateway: Gateway | undefined;
afterEach(async () => {
  await gateway?.abort();
  gateway = undefined;
});

async function start(options: GatewayOptions = {}): Promise<Gateway> {
  gateway = createGateway({ listeners: [{ port: 0 }], ...options });
  await gateway.start();
  return gateway;
}

const upgrade =
  'GET /.well-known/reverse-http/websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\n\r\n`;

test.each([[{ tokens: [''] }], [{ tokens: [] }], ['bogus'], [{}]])('auth %j is refused at once', (auth) => {
  expect(() => createGateway({ auth: auth as never })).toThrow(expect.objectContaining({ code: 'bad-option' }));
});

test.each(['nonsense', 'ftp://x', '/gw'])('publicUrl %s is refused at once; a path is left out', async (publicUrl) => {
  expect(() => createGateway({ publicUrl })).toThrow(/publicUrl: "/);
  expect((await start({ publicUrl: 'https://gw.example.com/' })).url).toBe('https://gw.example.com');
});

test('without a token nobody connects', async () => {
  const { url } = await start();
  const { first, webSocket } = await dial(url!, undefined);
  expect(String(first)).toMatch(/^\x03.*"unauthorized"/);
  webSocket.close();
});

test('an auth function that throws refuses, and the operator hears why', async () => {
  const errors: unknown[] = [];
  const auth = (): never => {
    throw new Error('the database is down');
  };
  const { url } = await start({ auth, onError: (error) => errors.push(error) });
  const { first, webSocket } = await dial(url!, 'x');
  expect(String(first)).toMatch(/^\x03.*"overloaded"/);
  expect(errors).toMatchObject([{ message: 'the database is down' }]);
  webSocket.close();
});

test('a log or a route that throws costs nobody anything', async () => {
  const errors: unknown[] = [];
  const fails = (): never => {
    throw new Error('a bug');
  };
  const route = { description: 'broken', match: fails, urlOf: fails, servesHost: () => false, sharesOrigin: false };
  const { url, token } = await start({
    listeners: [{ port: 0, routes: [route] }],
    accessLog: fails,
    onError: (error) => errors.push(error),
  });
  for (let i = 0; i < 2; i++) expect((await fetch(`${url}/gw/A/`)).status).toBe(404);
  expect(errors).toHaveLength(4);
  const { first, webSocket } = await dial(url!, token);
  expect(String(first)).toMatch(/^\x03.*"overloaded"/);
  expect(errors).toHaveLength(5);
  webSocket.close();
});

test('strangers whose handshake comes to nothing are not counted for ever', async () => {
  const reception = { receive: vi.fn() } as unknown as Reception;
  const endpoint = createWebSocketEndpoint(reception, nodeClock, 2);
  const front = await startFront((each) => endpoint.serve(each));
  for (let i = 0; i < 5; i++) {
    const visitor = await front.connect(upgrade);
    visitor.halfClose();
    await visitor.closed();
  }
  const last = await front.connect(upgrade);
  await last.until('101 Switching Protocols');
  await front.close();
  endpoint.close();
});

test('close() and then abort() both come to an end', async () => {
  const { url, token } = await start({ deadlines: { startGrace: 0 } });
  const { webSocket } = await dial(url!, token);
  const closed = gateway!.close();
  await gateway!.abort();
  await closed;
  if (webSocket.readyState !== webSocket.CLOSED) await once(webSocket, 'close');
});

test('right after the start, and no longer, an unknown target may be one that is on its way', async () => {
  const kit = await startTestGateway({ deadlines: { hold: '4s', startGrace: '10s' } });
  await kit.restart();
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) statuses.push((await kit.clock.until(kit.fetch('/gw/A/'))).status);
  expect(statuses).toEqual([503, 503, 503, 404]);
  await kit.close();
});

test('what was expected in vain is forgotten after its time', () => {
  let time = 0;
  const registry = createRegistry({ now: () => time, epochMs: () => time, policyOf: () => defaultTargetPolicy });
  registry.presume('a', 100);
  expect(registry.find('A')).toBeDefined();
  time = 100;
  expect(registry.find('a')).toBeUndefined();
});

test('a visitor that came before the connector has no say in how the target is written', async () => {
  const { url, token } = await start({ deadlines: { hold: 30 } });
  await fetch(`${url}/gw/a/`);
  const { first, webSocket } = await dial(url!, token);
  expect(String(first)).toContain(`${url}/gw/A/`);
  webSocket.send(Buffer.from('100000', 'hex'));
  expect((await vi.waitUntil(() => gateway!.targets.get('a'))).target).toBe('A');
  webSocket.close();
});

test('a credential that has expired is refused, one that expires in months is good', async () => {
  let expiresAt = Date.now() - 1;
  const { url } = await start({ auth: () => ({ expiresAt }) });
  const late = await dial(url!, 'x');
  expect(String(late.first)).toMatch(/^\x03.*"revoked"/);
  expiresAt = Date.now() + 90 * 86_400_000;
  const good = await dial(url!, 'x');
  expect(String(good.first)).toMatch(/^\x02/);
  good.webSocket.send(Buffer.from('100000', 'hex'));
  const { state } = await vi.waitUntil(() => gateway!.targets.get('a')?.replicas[0]);
  expect(state).toBe('attached');
  late.webSocket.close();
  good.webSocket.close();
});

test('a hello of which only the beginning comes is not waited for', async () => {
  const kit = await startTestGateway();
  const head = 'POST /.well-known/reverse-http/hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n';
  const visitor = visitBy(kit.dial());
  visitor.send(`${head}x`);
  await kit.clock.advance(4999);
  expect(visitor.text()).toBe('');
  await kit.clock.advance(1);
  expect(await visitor.closed()).toMatch(/^HTTP\/1.1 408 Request Timeout/);
  await kit.close();
});

test('one more listener, and its end', async () => {
  await start({ deadlines: { hold: 30 } });
  const other = await gateway!.listen({ port: 0, routes: [toTarget('A')] });
  expect((await fetch(other.url)).status).toBe(503);
  const visitor = await visit(other.url, 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n');
  await other.abort();
  await visitor.closed();
  await expect(fetch(other.url)).rejects.toThrow();
});

test('the admin listener is there when it is asked for, and sees what the gateway sees', async () => {
  const families: string[] = [];
  const metrics = {
    contentType: 'text/plain',
    render: (all: readonly MetricFamily[]) => {
      families.push(...all.map(({ name, values }) => `${name} ${values[0]?.value}`));
      return 'rendered';
    },
  };
  const { adminUrl, adminToken, token, url } = await start({ admin: { port: 0, metrics } });
  expect((await fetch(`${adminUrl}/ready`)).status).toBe(200);
  const headers = { Authorization: `Bearer ${adminToken}` };
  const { webSocket } = await dial(url!, token);
  webSocket.send(Buffer.from('100000', 'hex'));
  await vi.waitUntil(() => gateway!.targets.has('A'));
  const listed = await (await fetch(`${adminUrl}/api/v1/targets`, { headers })).json();
  expect(listed).toMatchObject({ targets: [{ target: 'A' }], next: null });
  expect((await fetch(`${url}/nowhere`)).status).toBe(404);
  expect(await (await fetch(`${adminUrl}/metrics`, { headers })).text()).toBe('rendered');
  expect(families).toEqual(
    expect.arrayContaining(['reverse_http_requests_total 1', 'reverse_http_targets 1', 'reverse_http_held_requests 0']),
  );
  const kicked = await fetch(`${adminUrl}/api/v1/targets/a?for=1m`, { method: 'DELETE', headers });
  expect(await kicked.json()).toEqual({ sessions: 1 });
  webSocket.terminate();
  await gateway!.close();
  await expect(fetch(`${adminUrl}/health`)).rejects.toThrow();
});

test('url and token: made where nothing else is said', async () => {
  const made = await start();
  expect(made.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(made.token).toMatch(/^\S{20,}$/);
  await made.close();
  expect((await start({ auth: 'none' })).token).toBeUndefined();
});

test('there is no admin listener unless it is asked for', async () => {
  const { adminUrl, adminToken } = await start();
  expect([adminUrl, adminToken]).toEqual([undefined, undefined]);
});

test('an admin port that is taken leaves nothing listening', async () => {
  await start({ admin: { port: 0 } });
  const port = Number(new URL(gateway!.adminUrl!).port);
  const other = createGateway({ listeners: [{ port: 0 }], admin: { port } });
  await expect(other.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(other.url).toBeUndefined();
});

test('connectors.tokens: who is in the file is let in, and out when the token is revoked', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokens-'));
  try {
    const path = join(folder, 'tokens.json');
    const store = createTokenStore({ path });
    const { token, entry } = await store.create({ targets: ['A'] });
    const { url } = await start({ connectors: { tokens: path }, deadlines: { hold: 20, startGrace: 0 } });
    expect(gateway!.token).toBeUndefined();
    expect((await fetch(`${url}/gw/a/`)).status).toBe(503); // Named in the file: known.
    const { webSocket } = await dial(url!, token);
    webSocket.send(Buffer.from('100000', 'hex'));
    expect((await vi.waitUntil(() => gateway!.targets.get('A'))).replicas[0]).toMatchObject({ credential: entry.id });
    await store.revoke(entry.id);
    await vi.waitUntil(() => !gateway!.targets.has('A'), { timeout: 5000 });
    store.close();
    webSocket.terminate();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what is added after unref() keeps no process alive either', async () => {
  await start();
  const handles = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length;
  const before = handles();
  gateway!.unref();
  expect(handles()).toBe(before - 1);
  await gateway!.listen({ port: 0 });
  expect(handles()).toBe(before - 1);
});
