import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway } from '@reverse-http/gateway';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { get, piecesOf, startExample } from './example.js';

test('http: what was asked, who asked, and a body both ways', async () => {
  const { url, lines, interrupt } = await startExample('http');
  expect(lines.slice(0, 2)).toEqual([`Server    ${url}`, `Try       curl ${url}`]);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/gw\/http\/$/);
  expect(await (await fetch(`${url}?a=1`)).json()).toEqual({ method: 'GET', url: '/?a=1', remoteAddress: '127.0.0.1' });
  const body = randomBytes(1_000_000);
  const echo = await fetch(`${url}echo`, { method: 'POST', body });
  expect(Buffer.from(await echo.arrayBuffer()).equals(body)).toBe(true);
  expect((await fetch(`${url}nowhere`)).status).toBe(404);
  expect(await interrupt()).toBe(0);
});

test('an example takes the gateway it is told', async () => {
  const gateway = createGateway({ listeners: [{ port: 0 }] });
  await gateway.start();
  const { url, interrupt } = await startExample('http', { RHTTP_GATEWAY: gateway.url, RHTTP_TOKEN: gateway.token });
  expect(url).toBe(`${gateway.url}/gw/http/`);
  expect((await fetch(url)).status).toBe(200);
  expect(await interrupt()).toBe(0);
  await gateway.close();
});

test('a token that the gateway does not know gives one line and exit code 1', async () => {
  const gateway = createGateway({ listeners: [{ port: 0 }] });
  await gateway.start();
  for (const name of ['http', 'fetch']) {
    await expect(startExample(name, { RHTTP_GATEWAY: gateway.url, RHTTP_TOKEN: 'wrong' })).rejects.toThrow(
      new RegExp(`^${name} ended with exit code 1: Not connected: unauthorized: The gateway refused the token.\\n$`),
    );
  }
  await gateway.close();
});

test('a port that is taken gives one line and exit code 1', async () => {
  const { url, interrupt } = await startExample('http');
  const { port } = new URL(url);
  await expect(startExample('http', { PORT: port })).rejects.toThrow(
    new RegExp(`^http ended with exit code 1: Port ${port} is taken: [^\\n]+\\n$`),
  );
  expect(await interrupt()).toBe(0);
});

test('fetch: a handler without Node, and a stream', async () => {
  const { url, interrupt } = await startExample('fetch');
  const hello = await fetch(url, { headers: { 'User-Agent': 'a test' } });
  expect(await hello.json()).toEqual({ target: 'fetch', visitor: '127.0.0.1', agent: 'a test' });
  expect(await (await fetch(`${url}shout`, { method: 'POST', body: 'some text' })).text()).toBe('SOME TEXT');
  expect((await fetch(`${url}nowhere`)).status).toBe(404);
  const ticks = await fetch(`${url}ticks`);
  expect(await piecesOf(ticks)()).toMatch(/^\d{4}-.*Z\n$/);
  expect(await interrupt()).toBe(0);
});

test('websocket-chat: all hear what one says, below a prefix and under a host name', async () => {
  const { url, interrupt } = await startExample('websocket-chat');
  expect(await (await fetch(url)).text()).toContain("new URL('chat', location.href)");
  const { host } = new URL(url);
  const ada = chatter(`${url.replace('http', 'ws')}chat`);
  expect(await ada.next()).toBe('Guest 1 came in.');
  const grace = chatter(`ws://${host}/chat`, { Host: `chat.localhost:${new URL(url).port}` });
  expect(await grace.next()).toBe('Guest 2 came in.');
  expect(await ada.next()).toBe('Guest 2 came in.');
  grace.socket.send('Hello');
  expect([await ada.next(), await grace.next()]).toEqual(['Guest 2: Hello', 'Guest 2: Hello']);
  ada.socket.send('Hello you');
  expect([await ada.next(), await grace.next()]).toEqual(['Guest 1: Hello you', 'Guest 1: Hello you']);
  ada.socket.close();
  expect(await grace.next()).toBe('Guest 1 left.');
  const closed = once(grace.socket, 'close');
  expect(await interrupt()).toBe(0);
  expect((await closed)[0]).toBe(1001);
});

test('server-sent-events: each arrives when it is written', async () => {
  const { url, interrupt } = await startExample('server-sent-events');
  expect(await (await fetch(url)).text()).toContain("new EventSource('events')");
  const events = await fetch(`${url}events`);
  expect(events.headers.get('content-type')).toBe('text/event-stream');
  const next = piecesOf(events);
  expect(await next()).toBe('retry: 1000\ndata: You are listener 1.\n\n');
  // Each is sent only when the one before has arrived: nothing may be waiting for more.
  for (const [id, text] of ['Hello, all', 'And again'].entries()) {
    expect((await fetch(url, { method: 'POST', body: text })).status).toBe(202);
    expect(await next()).toBe(`id: ${id + 1}\ndata: ${text}\n\n`);
  }
  expect(await interrupt()).toBe(0);
  expect(await next()).toBe('');
});

test('static-folder: files, ranges, a file that has not changed, nothing outside', async () => {
  const poem = await readFile(new URL('../static-folder/public/poem.txt', import.meta.url), 'utf8');
  const { url, interrupt } = await startExample('static-folder');
  expect(await (await fetch(url)).text()).toContain('href="poem.txt"');
  const whole = await fetch(`${url}poem.txt`);
  expect(await whole.text()).toBe(poem);
  const part = await fetch(`${url}poem.txt`, { headers: { Range: 'bytes=10-19' } });
  expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
    206,
    `bytes 10-19/${poem.length}`,
    poem.slice(10, 20),
  ]);
  expect((await fetch(`${url}poem.txt`, { headers: { Range: 'bytes=9999-' } })).status).toBe(416);
  const { status } = await get(`${url}poem.txt`, { headers: { 'If-None-Match': whole.headers.get('etag')! } });
  expect(status).toBe(304);
  expect((await fetch(`${url}..%2fmain.js`)).status).toBe(404);
  expect(await interrupt()).toBe(0);
});

test('several-targets: each has its own server', async () => {
  const { url, interrupt } = await startExample('several-targets');
  const [kitchen, cellar] = ['room-kitchen', 'room-cellar'].map((room) => new URL(`../${room}/`, url).href) as [
    string,
    string,
  ];
  expect(await (await fetch(kitchen)).json()).toEqual({ name: 'kitchen', degrees: 20 });
  expect(await (await fetch(cellar, { method: 'PUT', body: '12' })).json()).toEqual({ name: 'cellar', degrees: 12 });
  expect(await (await fetch(kitchen)).json()).toEqual({ name: 'kitchen', degrees: 20 });
  expect(await (await fetch(cellar)).json()).toEqual({ name: 'cellar', degrees: 12 });
  expect((await fetch(cellar, { method: 'PUT', body: '99' })).status).toBe(422);
  expect(await interrupt()).toBe(0);
});

test('upload: a file comes back as it went, and half a file is none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'upload-test-'));
  const { url, interrupt } = await startExample('upload', {}, [folder]);
  const body = randomBytes(3_000_000);
  const put = await fetch(`${url}file.bin`, { method: 'PUT', body });
  expect([put.status, await put.text()]).toEqual([201, `${createHash('sha256').update(body).digest('hex')}\n`]);
  expect(Buffer.from(await (await fetch(`${url}file.bin`)).arrayBuffer()).equals(body)).toBe(true);
  expect((await fetch(`${url}nothing`)).status).toBe(404);
  expect((await fetch(`${url}..%2ffile`, { method: 'PUT', body: 'x' })).status).toBe(400);

  const leaving = new AbortController();
  const half = new ReadableStream({
    pull(controller) {
      controller.enqueue(body.subarray(0, 100_000));
      leaving.abort();
    },
  });
  const sent = fetch(`${url}half`, {
    method: 'PUT',
    body: half,
    duplex: 'half',
    signal: leaving.signal,
  } as RequestInit);
  await expect(sent).rejects.toThrow('abort');
  expect(await interrupt()).toBe(0);
  expect(await readdir(folder)).toEqual(['file.bin']);
  await rm(folder, { recursive: true });
});

test('vite: a page, a transformed module, and its socket for hot replacement', async () => {
  const { url, interrupt } = await startExample('vite');
  expect(url).toMatch(/^http:\/\/vite\.localhost:\d+\/$/);
  expect((await get(url)).body).toContain('<script type="module" src="/@vite/client">');
  expect((await get(`${url}clock.js`)).body).toContain('import.meta.hot = __vite__createHotContext("/clock.js")');
  const client = await get(`${url}@vite/client`);
  expect(client.status).toBe(200);
  const token = /const wsToken = "([^"]+)"/.exec(client.body)![1];
  const { host, port } = new URL(url);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/?token=${token}`, 'vite-hmr', { headers: { Host: host } });
  const next = async (): Promise<unknown> => JSON.parse(String((await once(socket, 'message'))[0]));
  expect(await next()).toEqual({ type: 'connected' });
  // A file is touched until it is noticed: nothing tells when Vite has begun to watch.
  const file = new URL('../vite/app/clock.js', import.meta.url);
  const touching = setInterval(() => utimes(file, new Date(), new Date()), 100);
  expect(await next()).toMatchObject({ type: 'update', updates: [{ type: 'js-update', path: '/clock.js' }] });
  clearInterval(touching);
  expect(await interrupt()).toBe(0);
});

interface Chatter {
  readonly socket: WebSocket;
  /** The next text, which may have come already. */
  next(): Promise<string>;
}

function chatter(url: string, headers: Record<string, string> = {}): Chatter {
  const socket = new WebSocket(url, { headers });
  const texts: string[] = [];
  socket.on('message', (text) => texts.push(String(text)));
  return {
    socket,
    async next() {
      while (texts.length === 0) await once(socket, 'message');
      return texts.shift()!;
    },
  };
}
