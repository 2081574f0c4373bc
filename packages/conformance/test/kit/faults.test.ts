import { createHash, randomBytes } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { type Connection, connect } from '@reverse-http/connector/node';
import { startTestGateway, type TestGateway } from '@reverse-http/gateway/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { isSettled } from './is-settled.js';

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const mib = 1024 * 1024;

// What each fault does to an application that is connected, by either transport; time is the test's alone.
describe.each(['websocket', 'poll'] as const)('by %s', (transport) => {
  let gateway: TestGateway;
  let connection: Connection;
  const random = randomBytes(4 * mib);
  /** Requests of long polling that came to nothing. */
  let failures: number;
  /** What was asked, and answers that wait for the test. */
  const asked: string[] = [];
  const waiting: ServerResponse[] = [];

  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    asked.push(`${request.method} ${request.url} ${body.length}`);
    if (request.url === '/wait') {
      response.flushHeaders();
      waiting.push(response);
    } else if (request.url === '/down') response.end(random);
    else response.end(hashOf(body));
  });

  new WebSocketServer({ server }).on('connection', (socket) => socket.on('message', (data) => socket.send(data)));

  beforeEach(async () => {
    asked.length = waiting.length = 0;
    gateway = await startTestGateway();
    failures = 0;
    const options = gateway.connectOptions({ target: 'A', transport });
    const fetch: typeof options.fetch = (input, init) =>
      options.fetch(input, init).catch((error) => {
        failures++;
        throw error;
      });
    connection = connect(server, { ...options, fetch });
    await connection.ready;
    await gateway.clock.settle();
  });
  afterEach(() => gateway.close());

  const get = async (path: string): Promise<string> => hashOf(await bytesOf(await gateway.fetch(`/gw/A${path}`)));
  const bytesOf = async (response: Response): Promise<Uint8Array> => new Uint8Array(await response.arrayBuffer());
  const resumes = (): number => gateway.targets.get('A')!.replicas[0]!.resumes;

  test('without one: bodies come and go whole, and no time passes', async () => {
    const before = gateway.clock.now();
    expect(await get('/down')).toBe(hashOf(random));
    const up = await gateway.fetch('/gw/A/up', { method: 'POST', body: random });
    expect(await up.text()).toBe(hashOf(random));
    expect(gateway.clock.now()).toBe(before);
    expect(connection.state).toMatchObject({ state: 'ready', transport });
  });

  test('cut: what runs goes on over the next connection', async () => {
    const answer = gateway.fetch('/gw/A/wait');
    await gateway.clock.settle();
    gateway.link.cut();
    waiting[0]!.end('at last');
    await gateway.clock.advance(1000);
    expect(await (await answer).text()).toBe('at last');
    expect(asked).toHaveLength(1);
    expect([resumes(), failures > 0]).toEqual(transport === 'poll' ? [0, true] : [1, false]);
  });

  test('cutAfter: in the middle of bodies, which come whole all the same', async () => {
    const down = get('/down');
    const up = gateway.fetch('/gw/A/up', { method: 'POST', body: random });
    const cutThrice = async (): Promise<void> => {
      for (let i = 0; i < 3; i++) await gateway.link.cutAfter(mib);
    };
    const allCut = cutThrice();
    await gateway.clock.advance(5000);
    await allCut;
    expect([await down, await (await up).text()]).toEqual([hashOf(random), hashOf(random)]);
    expect(asked).toHaveLength(2);
    if (transport === 'websocket') expect(resumes()).toBe(3);
  });

  test('cutAfter that heal() takes back does not come', async () => {
    const isCut = isSettled(gateway.link.cutAfter(1000));
    gateway.link.heal();
    expect(await get('/down')).toBe(hashOf(random));
    expect(isCut()).toBe(false);
  });

  test('stall: nothing arrives until heal, and nothing is lost', async () => {
    gateway.link.stall();
    const up = gateway.fetch('/gw/A/up', { method: 'POST', body: random });
    await gateway.clock.advance(1000);
    expect(asked).toEqual([]);
    const before = gateway.link.openConnections;
    gateway.link.heal();
    expect(await (await up).text()).toBe(hashOf(random));
    expect(asked).toEqual([`POST /up ${random.length}`]);
    if (transport === 'websocket') expect(gateway.link.openConnections).toBe(before);
    expect(connection.state.state).toBe('ready');
  });

  test('stall for long: it counts as dead, and is replaced', async () => {
    const answer = isSettled(gateway.fetch('/gw/A/'));
    gateway.link.stall();
    await gateway.clock.advance(21_000);
    expect(connection.state.state).not.toBe('ready');
    expect(answer()).toBe(false);
    gateway.link.heal();
    await gateway.clock.advance(5000);
    expect(connection.state.state).toBe('ready');
    expect(answer()).toBe(true);
  });

  test('T23: halfOpen: found out within 20 s, and what was asked meanwhile is answered then', async () => {
    gateway.link.halfOpen();
    await gateway.clock.advance(20_000);
    expect(connection.state.state).toBe('ready');
    if (transport === 'websocket') expect(resumes()).toBe(1);
    gateway.link.halfOpen();
    const answer = isSettled(gateway.fetch('/gw/A/'));
    await gateway.clock.settle();
    expect(answer()).toBe(false);
    await gateway.clock.advance(20_000);
    expect(answer()).toBe(true);
  });

  test('duplicate: no request is answered twice, no byte comes twice', async () => {
    gateway.link.duplicate();
    const posts = Array.from({ length: 20 }, (_, i) => random.subarray(0, i * 1000));
    const hashes = posts.map(async (body) => (await gateway.fetch('/gw/A/up', { method: 'POST', body })).text());
    expect(await Promise.all(hashes)).toEqual(posts.map(hashOf));
    expect(await get('/down')).toBe(hashOf(random));
    expect(asked.sort()).toEqual(['GET /down 0', ...posts.map(({ length }) => `POST /up ${length}`)].sort());
  });

  test('duplicate: each request twice, and each message but the first of either end', async () => {
    gateway.link.duplicate();
    const { fetch, WebSocket } = gateway.connectOptions({});
    const response = await fetch(`${gateway.url}/gw/A/once`, { method: 'POST', body: 'hello' });
    expect(await response.text()).toBe(hashOf(Buffer.from('hello')));
    expect(asked).toEqual(['POST /once 5', 'POST /once 5']);
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/gw/A/`);
    const heard: string[] = [];
    socket.addEventListener('message', ({ data }) => heard.push(String(data)));
    await new Promise<void>((resolve) => socket.addEventListener('open', () => resolve()));
    for (const text of ['a', 'b']) socket.send(Buffer.from(text));
    await gateway.clock.settle();
    expect(heard).toEqual(['a', 'b', 'b', 'b', 'b']);
    socket.close();
  });

  test('delay: there and back takes twice as long', async () => {
    gateway.link.delay(200);
    const answer = isSettled(gateway.fetch('/gw/A/'));
    await gateway.clock.advance(399);
    expect([asked.length, answer()]).toEqual([1, false]);
    await gateway.clock.advance(1);
    expect(answer()).toBe(true);
  });

  test('goDown for less than the resume window: nothing is lost', async () => {
    const answer = gateway.fetch('/gw/A/wait');
    await gateway.clock.settle();
    gateway.link.goDown();
    await gateway.clock.advance(20_000);
    expect(connection.state.state).toBe('detached');
    waiting[0]!.end('at last');
    gateway.link.heal();
    await gateway.clock.advance(9000);
    expect(await (await answer).text()).toBe('at last');
    expect(connection.state.state).toBe('ready');
  });

  test('goDown for longer: the visitor is told, the handler is aborted, and the next session serves', async () => {
    const answer = gateway.fetch('/gw/A/wait');
    await gateway.clock.settle();
    const closed = new Promise((resolve) => waiting[0]!.once('close', resolve));
    gateway.link.goDown();
    await gateway.clock.advance(45_000);
    const response = await answer;
    await expect(response.text()).rejects.toThrow();
    gateway.link.heal();
    await gateway.clock.advance(16_000);
    await closed;
    expect(connection.state.state).toBe('ready');
    expect((await gateway.fetch('/gw/A/')).status).toBe(200);
  });
});
