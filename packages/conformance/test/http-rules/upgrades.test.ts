import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FetchContext, FetchRequest, FetchResult } from '@reverse-http/connector';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { readAnswer } from '../../../gateway/test/support/read-answers.js';
import { places, type Stage, startStage } from '../support/stage.js';

/** Other protocols than HTTP on a visitor's connection, R71 to R78. */
function newServer(): Server {
  const server = createServer((request, response) => {
    if (request.url === '/healthy') response.end('healthy');
    else request.on('data', (data) => response.write(data)).on('end', () => response.end('ordinary'));
  });
  const chats = new WebSocketServer({ noServer: true });
  chats.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => {
      if (String(data) === 'close') socket.close(4001, 'as asked');
      else socket.send(data, { binary: isBinary });
    });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url === '/chat') {
      chats.handleUpgrade(request, socket, head, (chat) => void chats.emit('connection', chat));
    } else if (request.url === '/refuse') {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    } else if (request.url === '/hang-up') {
      socket.destroy();
    } else {
      socket.on('error', () => {}); // 'close' follows.
      socket.write(`HTTP/1.1 101 Up\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\nX-Own: 1\r\n\r\n`);
      socket.write(head);
      socket.on('data', (data: Buffer) => (String(data) === 'die' ? socket.destroy() : socket.write(data)));
      socket.on('end', () => socket.end('bye'));
    }
  });
  return server;
}

async function answer(request: FetchRequest, context: FetchContext): Promise<FetchResult> {
  const { pathname } = new URL(request.url);
  if (pathname === '/healthy') return new Response('healthy');
  if (pathname === '/refuse') return new Response('no', { status: 403 });
  if (request.headers.get('upgrade') === null) return new Response(`${await request.text()}ordinary`);
  if (pathname === '/hang-up') throw new Error('not this time');
  const stream = context.upgrade({ headers: { 'X-Own': '1' } });
  void echo(stream);
  return stream;
}

async function echo({ readable, writable }: ReturnType<FetchContext['upgrade']>): Promise<void> {
  const writer = writable.getWriter();
  try {
    for await (const data of readable) {
      if (Buffer.from(data).toString() === 'die') return await writer.abort();
      await writer.write(data);
    }
    await writer.write(Buffer.from('bye'));
    await writer.close();
  } catch {
    // The visitor left.
  }
}

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ server: newServer(), url: newServer(), fetch: answer });
});
afterAll(() => stage.close());

const head = (path: string, more = '', method = 'GET'): string =>
  `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: x-echo\r\n${more}\r\n`;

describe.each(places)('%s over %s', (kind, transport) => {
  test('R71 R73 R75 any token the handler takes; bytes that come with the handshake are not lost', async () => {
    const visitor = await stage.visit(kind, transport, `${head('/echo')}\0\xff hello`);
    const text = await visitor.until('hello');
    expect(text).toMatch(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\n\0\xff hello$/);
    expect(text).toMatch(/\r\nUpgrade: x-echo\r\n/i);
    expect(text).toMatch(/\r\nConnection: upgrade\r\n/i);
    expect(text).toMatch(/\r\nX-Own: 1\r\n/i);
    visitor.send('GET / HTTP/1.1\r\n\r\n');
    await visitor.until('hello\x47ET / HTTP/1.1\r\n\r\n');
    visitor.socket.destroy();
    await stage.healthy(kind, transport);
  });

  test('R75 R76 ten thousand lines each way; what is left after a half-close arrives, then a clean end', async () => {
    const visitor = await stage.visit(kind, transport, head('/echo'));
    await visitor.until('\r\n\r\n');
    let sent = '';
    for (let i = 0; i < 10_000; i++) {
      sent += `line ${i}\n`;
      visitor.send(`line ${i}\n`);
    }
    visitor.halfClose();
    const text = await visitor.closed();
    expect(text.slice(text.indexOf('\r\n\r\n') + 4) === `${sent}bye`).toBe(true);
    expect(visitor.ending).toBe('end');
  });

  test('R76 a handler that breaks off breaks the connection off', async () => {
    const visitor = await stage.visit(kind, transport, head('/echo'));
    await visitor.until('\r\n\r\n');
    visitor.send('die');
    await visitor.closed();
    await stage.healthy(kind, transport);
  });

  test('R73 an upgrade with a body is an ordinary request', async () => {
    const body = head('/echo', 'Content-Length: 3\r\n', 'POST');
    const visitor = await stage.visit(kind, transport, `${body}abc`);
    expect(await visitor.until('ordinary')).toMatch(/^HTTP\/1\.1 200 [\s\S]*abc/);
    visitor.socket.destroy();
  });

  test('R74 a refused upgrade is an ordinary answer', async () => {
    const visitor = await stage.visit(kind, transport, head('/refuse'));
    const text = await visitor.until(/\r\n\r\n(?:2\r\n)?no/);
    expect(text).toMatch(/^HTTP\/1\.1 403 /);
    expect(text).not.toMatch(/\r\nUpgrade:/i);
    visitor.socket.destroy();
    await stage.healthy(kind, transport);
  });

  test('R82 a handler that hangs up in place of an answer', async () => {
    const visitor = await stage.visit(kind, transport, head('/hang-up', 'Accept: */*\r\n'));
    const text = await visitor.until('requestId');
    expect(readAnswer(text).status).toBe(kind === 'fetch' ? 500 : 502);
    visitor.socket.destroy();
    await stage.healthy(kind, transport);
  });
});

describe.each(places.filter(([kind]) => kind !== 'fetch'))('%s over %s', (kind, transport) => {
  test('R74 R75 ten thousand WebSocket messages each way, then the close code of the server', async () => {
    const socket = new WebSocket(new URL('/chat', stage.urlOf(kind, transport).replace('http', 'ws')));
    await once(socket, 'open');
    let next = 0;
    const all = new Promise<void>((resolve, reject) => {
      socket.on('message', (data) => {
        if (String(data) !== `message ${next}`) reject(new Error(`${data} in place of ${next}`));
        if (++next === 10_000) resolve();
      });
    });
    for (let i = 0; i < 10_000; i++) socket.send(`message ${i}`);
    await all;
    socket.send('close');
    const [code, reason] = await once(socket, 'close');
    expect([code, String(reason)]).toEqual([4001, 'as asked']);
  });
});
