import { afterEach, describe, expect, test, vi } from 'vitest';
import { type AccessLogEntry, byPath, createGateway, type GatewayOptions, toTarget } from '../src/index.js';
import { dial } from './support/raw-connector.js';
import { visit } from './support/raw-visitor.js';
import { connectScripted } from './support/scripted-connector.js';
import { startGateway, type TestGateway } from './support/test-gateway.js';

let it: TestGateway;
afterEach(() => it.close());

const base = { deadlines: { startGrace: 0, hold: 20 } } satisfies GatewayOptions;
const listener = { port: 0, routes: [byPath('/gw')] };

async function start(options: GatewayOptions = {}): Promise<TestGateway> {
  it = await startGateway({ ...base, listeners: [listener], ...options });
  return it;
}

function reload(options: GatewayOptions): Promise<void> {
  return it.gateway.reload({ ...base, listeners: [listener], ...options });
}

/** A connector that answers everybody. */
function connectAnswering(): Promise<unknown> {
  return it.connect({ onRequest: (request) => request.answer('200 OK\r\nContent-Length: LENGTH', request.line) });
}

function openServers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length;
}

async function statusOf(url: string, init?: RequestInit): Promise<number> {
  return (await fetch(url, init)).status;
}

describe('listeners', () => {
  test('other routes and hosts hold for the next request, also on a connection that is there', async () => {
    const { url } = await start();
    await connectAnswering();
    const visitor = await it.get('', '/gw/A/one');
    await visitor.until('GET /one');
    await reload({
      listeners: [{ port: 0, routes: [byPath('/other')], hosts: ['localhost', '127.0.0.1', 'a.example'] }],
    });
    visitor.send('GET /other/A/two HTTP/1.1\r\nHost: a.example\r\n\r\n');
    await visitor.until('GET /two');
    expect(await statusOf(`${url}/gw/A/`)).toBe(404);
    expect(it.gateway.url).toBe(url);
    expect(it.gateway.targets.get('A')?.urls).toEqual([`${url}/other/A/`]);
  });

  test('one that is new listens, one that is gone ends, one that was added by itself stays', async () => {
    const { url, gateway } = await start();
    await connectAnswering();
    const byHand = await gateway.listen({ port: 0, routes: [toTarget('A')] });
    await reload({ listeners: [listener, { host: '127.0.0.2', port: 0, routes: [toTarget('A')] }] });
    const [first, second] = gateway.listeners;
    expect(first!.url).toBe(url);
    expect(await statusOf(`${second!.url}/x`)).toBe(200);
    const idle = await visit(second!.url);
    await reload({});
    expect(gateway.listeners.map((each) => each.url)).toEqual([url]);
    await idle.closed();
    await expect(fetch(second!.url)).rejects.toThrow();
    expect(await statusOf(byHand.url)).toBe(200);
    await byHand.close();
  });

  test('what runs on one that is gone is finished', async () => {
    const { gateway } = await start({ listeners: [listener, { host: '127.0.0.2', port: 0, routes: [toTarget('A')] }] });
    const connector = await it.connect();
    const visitor = await visit(gateway.listeners[1]!.url, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const request = await connector.next();
    const { url } = gateway.listeners[1]!;
    await reload({});
    expect(gateway.listeners).toHaveLength(1);
    await expect(fetch(url)).rejects.toThrow();
    expect(await statusOf(`${it.url}/nowhere`)).toBe(404);
    request.answer('200 OK\r\nContent-Length: LENGTH', 'finished');
    expect(await visitor.closed()).toMatch(/finished$/);
  });

  test('a port that is taken changes nothing', async () => {
    const { url, gateway } = await start();
    await connectAnswering();
    const taken = await gateway.listen({ port: 0, routes: [toTarget('A')] });
    const { port } = new URL(taken.url);
    const before = openServers();
    const reloaded = reload({
      listeners: [
        { port: 0, routes: [byPath('/other')] },
        { host: '127.0.0.2', port: 0 },
        { port: Number(port), routes: [toTarget('B')] },
      ],
      targets: [{ match: 'A', limits: { requestsPerSecond: 1 } }],
    });
    await expect(reloaded).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(gateway.listeners).toHaveLength(1);
    await vi.waitUntil(() => openServers() === before);
    for (let i = 0; i < 3; i++) expect(await statusOf(`${url}/gw/A/`)).toBe(200);
    expect(await statusOf(taken.url)).toBe(200);
  });

  test('heads may be as long as the present options say', async () => {
    await start();
    await connectAnswering();
    const visitor = await it.get(`X: ${'x'.repeat(2000)}\r\n`);
    await visitor.until('GET /');
    await reload({ limits: { headBytes: '1KiB' } });
    visitor.send(`GET /gw/A/ HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(2000)}\r\n\r\n`);
    await visitor.until('431 ');
  });

  test('bodies, those of listeners that were added too', async () => {
    const { gateway } = await start();
    await connectAnswering();
    const byHand = await gateway.listen({ port: 0, routes: [toTarget('A')] });
    expect(await statusOf(byHand.url, { method: 'POST', body: '12345' })).toBe(200);
    await reload({ limits: { requestBody: 4 } });
    expect(await statusOf(byHand.url, { method: 'POST', body: '12345' })).toBe(413);
    const request = new Request('http://a.localhost/', { method: 'POST', body: '12345' });
    expect((await gateway.fetch(request, { target: 'A' })).status).toBe(413);
  });

  test('publicUrl: its host is served, and connectors are told it', async () => {
    const { url, gateway } = await start();
    await connectAnswering();
    const head = 'GET /gw/A/ HTTP/1.1\r\nHost: gw.example.com\r\nConnection: close\r\n\r\n';
    expect(await (await it.visit(head)).closed()).toMatch(/^HTTP\/1.1 421/);
    await reload({ publicUrl: 'https://gw.example.com' });
    expect(await (await it.visit(head)).closed()).toMatch(/^HTTP\/1.1 200/);
    expect(gateway.url).toBe('https://gw.example.com');
    const { first, webSocket } = await dial(url, gateway.token);
    expect(String(first)).toContain('https://gw.example.com/gw/A/');
    webSocket.close();
  });
});

describe('targets', () => {
  test('policies hold for the next request', async () => {
    const { url } = await start();
    const connector = await it.connect();
    const running = await it.get('', '/gw/A/one');
    const request = await connector.next();
    await reload({ targets: [{ match: 'a', limits: { concurrent: 1 }, affinity: 'cookie' }] });
    expect(await statusOf(`${url}/gw/A/two`)).toBe(503);
    request.answer('200 OK\r\nContent-Length: LENGTH', 'one');
    expect(await running.until(/one$/)).toContain('Set-Cookie: ');
    await reload({});
    const others = [it.get(), it.get()];
    for (const each of others) {
      (await connector.next()).answer('200 OK\r\nContent-Length: LENGTH', 'more');
      await (await each).until(/more$/);
    }
  });

  test('a request that runs keeps its deadlines, the next one has the new ones', async () => {
    await start();
    const connector = await it.connect();
    const before = await it.get();
    const request = await connector.next();
    await reload({ deadlines: { ...base.deadlines, firstByte: 50 } });
    const after = await it.get();
    await after.until('504 ');
    request.answer('200 OK\r\nContent-Length: LENGTH', 'late');
    await before.until(/late$/);
  });

  test('a target that is named is known at once', async () => {
    const { url } = await start();
    expect(await statusOf(`${url}/gw/named/`)).toBe(404);
    await reload({ targets: [{ match: 'named' }] });
    expect(await statusOf(`${url}/gw/named/`)).toBe(503);
  });
});

test('limits of connectors and the log hold from now on', async () => {
  const entries: AccessLogEntry[] = [];
  const accessLog = (entry: AccessLogEntry): void => void entries.push(entry);
  const { url, gateway } = await start({ accessLog });
  await fetch(`${url}/nowhere?q=1`);
  await reload({ accessLog, limits: { hellosPerSecond: 1 }, log: { query: true, peer: 'off' } });
  await fetch(`${url}/nowhere?q=1`);
  await (await visit(url, 'nonsense\r\n\r\n')).closed();
  await vi.waitUntil(() => entries.length === 3);
  expect(entries).toMatchObject([{ path: '/nowhere' }, { path: '/nowhere?q=1', peer: '-' }, { path: '', peer: '-' }]);
  const dialled = await Promise.all(Array.from({ length: 4 }, () => dial(url, gateway.token)));
  expect(dialled.some(({ first }) => String(first).includes('overloaded'))).toBe(true);
  for (const { webSocket } of dialled) webSocket.close();
});

describe('all or nothing', () => {
  test('options that are wrong change nothing', async () => {
    const { url } = await start();
    await connectAnswering();
    const wrong = { listeners: [{ port: 0, routes: [byPath('/other')], prot: 1 }], targets: [{ match: 'A' }] };
    await expect(reload(wrong as GatewayOptions)).rejects.toMatchObject({
      code: 'bad-option',
      message: 'listeners[0].prot: there is no such option; did you mean "port"?',
    });
    expect(await statusOf(`${url}/gw/A/`)).toBe(200);
  });

  test.each<[string, GatewayOptions]>([
    ['auth', { auth: 'none' }],
    ['admin', { admin: { port: 0 } }],
    ['connectors.tokens', { connectors: { tokens: 'tokens.json' } }],
    ['onEvent', { onEvent: () => {} }],
  ])('%s cannot change', async (place, options) => {
    await start();
    await expect(reload({ ...options, publicUrl: 'https://gw.example.com' })).rejects.toMatchObject({
      code: 'bad-option',
      message: `${place}: to change this, the gateway has to be started again`,
    });
    expect(it.gateway.url).toBe(it.url);
  });

  test('two owners do not come to share an origin', async () => {
    const options = { auth: (hello: { readonly token?: string }) => ({ owner: hello.token ?? '' }) };
    const hosts = [{ port: 0, routes: [{ host: '*.localhost' }] }];
    const { url, gateway } = await start({ ...options, listeners: hosts });
    const connectors = [
      await connectScripted(url, 'one', { target: 'A' }),
      await connectScripted(url, 'two', { target: 'B' }),
    ];
    await vi.waitUntil(() => gateway.targets.size === 2);
    const before = openServers();
    const shared = { ...options, listeners: [...hosts, listener] };
    await expect(reload(shared)).rejects.toMatchObject({ code: 'bad-option', message: /share an origin/ });
    await vi.waitUntil(() => openServers() === before);
    expect(gateway.targets.get('A')?.urls).toEqual([expect.stringMatching(/^http:\/\/a\.localhost:/)]);
    expect(gateway.listeners.map((each) => each.url)).toEqual([url]);
    for (const connector of connectors) connector.close();
  });

  test('a closed gateway is not reloaded', async () => {
    const { gateway } = await start();
    await gateway.close();
    await expect(reload({})).rejects.toMatchObject({ code: 'closed' });
  });
});

test('before the start it is what the start will find', async () => {
  await start();
  const other = createGateway({ listeners: [{ address: '127.0.0.1:1' }] });
  await other.reload({ listeners: [{ port: 0 }, { port: 0 }] });
  expect(other.listeners).toEqual([]);
  await other.start();
  expect(other.listeners).toHaveLength(2);
  await other.close();
});
