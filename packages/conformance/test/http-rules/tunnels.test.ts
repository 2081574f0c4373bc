import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readAnswer } from '../../../gateway/test/support/read-answers.js';
import { places, type Stage, startStage, transports } from '../support/stage.js';

/** What a listener that is all one target's does with CONNECT, R45. */
const asked: string[] = [];

function newServer(): Server {
  const server = createServer((request, response) => response.end(request.url === '/healthy' ? 'healthy' : 'ordinary'));
  server.on('connect', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    asked.push(request.url!);
    socket.on('error', () => {}); // 'close' follows.
    if (request.url === 'refuse:1') return socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    if (request.url === 'switch:1') return socket.end('HTTP/1.1 101 Up\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    const framing = request.url === 'a:1' ? 'Transfer-Encoding: chunked' : 'Content-Length: 1';
    socket.write(`HTTP/1.1 200 Connected\r\n${framing}\r\nX-Own: 1\r\n\r\n`);
    socket.write(head);
    socket.on('data', (data: Buffer) => (String(data) === 'die' ? socket.destroy() : socket.write(data)));
    return socket.on('end', () => socket.end('bye'));
  });
  return server;
}

const fetch = async (): Promise<Response> => new Response('healthy');
let stage: Stage;
let opaque: Stage;
beforeAll(async () => {
  stage = await startStage({ server: newServer(), url: newServer(), fetch }, {}, { transparent: true });
  opaque = await startStage({ server: newServer(), url: newServer(), fetch });
});
afterAll(async () => {
  await stage.close();
  await opaque.close();
});
beforeEach(() => {
  asked.length = 0;
});

const head = (to: string, more = ''): string => `CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n${more}\r\n`;

describe.each(transports)('R45 CONNECT over %s', (transport) => {
  test('is granted by the handler, which need not be a host of ours; early bytes are not lost', async () => {
    const visitor = await stage.visit('server', transport, `${head('db.example:5432')}\0\xff hello`);
    const text = await visitor.until('hello');
    expect(text).toBe('HTTP/1.1 200 Connected\r\nX-Own: 1\r\n\r\n\0\xff hello');
    visitor.send('GET / HTTP/1.1\r\n\r\n');
    await visitor.until('helloGET / HTTP/1.1\r\n\r\n');
    expect(asked).toEqual(['db.example:5432']);
    visitor.socket.destroy();
    await stage.healthy('server', transport);
  });

  test('carries ten thousand lines each way; what is left after a half-close arrives, then a clean end', async () => {
    const visitor = await stage.visit('server', transport, head('a:1'));
    await visitor.until('\r\n\r\n');
    let sent = '';
    for (let i = 0; i < 10_000; i++) {
      sent += `line ${i}\n`;
      visitor.send(`line ${i}\n`);
    }
    visitor.halfClose();
    const grant = 'HTTP/1.1 200 Connected\r\nX-Own: 1\r\n\r\n';
    expect((await visitor.closed()) === `${grant}${sent}bye`).toBe(true);
    expect(visitor.ending).toBe('end');
    expect(stage.log.at(-1)).toMatchObject({ method: 'CONNECT', status: 200 });
  });

  test('that the handler breaks off is broken off', async () => {
    const visitor = await stage.visit('server', transport, head('a:1'));
    await visitor.until('\r\n\r\n');
    visitor.send('die');
    await visitor.closed();
    await stage.healthy('server', transport);
  });

  test('that is refused gets an ordinary answer, and nothing behind it is a request', async () => {
    const behind = 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n';
    const visitor = await stage.visit('server', transport, head('refuse:1') + behind);
    const answer = readAnswer(await visitor.closed());
    expect([answer.status, answer.field('connection'), answer.body]).toEqual([403, 'close', 'no']);
    expect(asked).toEqual(['refuse:1']);
  });

  test('is not answered with another protocol', async () => {
    const visitor = await stage.visit('server', transport, head('switch:1', 'Connection: Upgrade\r\nUpgrade: x\r\n'));
    expect(await visitor.closed()).toBe('');
  });
});

describe.each(places)('R45 %s over %s', (kind, transport) => {
  test.each(['Content-Length: 3', 'Transfer-Encoding: chunked'])('CONNECT with %s is none', async (field) => {
    const visitor = await stage.visit(kind, transport, `${head('a:1', `${field}\r\n`)}3\r\nabc\r\n0\r\n\r\n`);
    expect(readAnswer(await visitor.closed()).status).toBe(400);
    expect(asked).toEqual([]);
  });

  test('CONNECT goes no further than a listener that is not transparent', async () => {
    for (const [to, status] of [['localhost:80', 405] as const, ['a:1', 421] as const]) {
      const visitor = await opaque.visit(kind, transport, head(to));
      expect(readAnswer(await visitor.closed()).status).toBe(status);
    }
    expect(asked).toEqual([]);
    await opaque.healthy(kind, transport);
  });
});

describe.each(places.filter(([kind]) => kind !== 'server'))('R45 %s over %s', (kind, transport) => {
  test('has no use for CONNECT, and leads it nowhere', async () => {
    const visitor = await stage.visit(kind, transport, `${head('a:1')}hello`);
    const answer = readAnswer(await visitor.closed());
    expect([answer.status, answer.field('connection')]).toEqual([kind === 'fetch' ? 501 : 400, 'close']);
    expect(asked).toEqual([]);
    await stage.healthy(kind, transport);
  });
});
