import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { byCookie, byPath, type Listener, type ListenerOptions, toTarget } from '../../src/index.js';
import { type RawVisitor, visit } from '../support/raw-visitor.js';
import { readAnswer } from '../support/read-answers.js';
import type { Received, ScriptedConnector } from '../support/scripted-connector.js';
import { startGateway, type TestGateway } from '../support/test-gateway.js';

let it: TestGateway;
let connector: ScriptedConnector;
let listener: Listener;
const visitors: RawVisitor[] = [];

async function listen(more: ListenerOptions = {}): Promise<void> {
  await listener?.abort();
  listener = await it.gateway.listen({ port: 0, routes: [toTarget('A')], transparent: true, ...more });
}

beforeEach(async () => {
  it = await startGateway();
  connector = await it.connect();
  await listen();
});
afterEach(async () => {
  await listener.abort();
  for (const { socket } of visitors.splice(0)) socket.destroy();
  await it.close();
});

async function send(request: string): Promise<RawVisitor> {
  const visitor = await visit(listener.url, request);
  visitors.push(visitor);
  return visitor;
}

async function receive(request: string): Promise<Received> {
  await send(request);
  return connector.next();
}

describe('requests', () => {
  test('the server sees what the visitor sent, and nothing else', async () => {
    const fields = [
      'hOST: localhost:1',
      'X-B: 2',
      'Via: 1.0 other',
      'Forwarded: for=1.2.3.4',
      'X-Forwarded-For: 1.2.3.4',
      'X-Forwarded-Prefix: /p',
      'X-Real-IP: 5.6.7.8',
      'Client-Cert: x',
      'Proxy-Authorization: x',
      'Max-Forwards: 0',
      'x-b: 3',
    ];
    const request = await receive(`GET /gw/A/a%2Fb//../c;d?e HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`);
    expect(request.line).toBe('GET /gw/A/a%2Fb//../c;d?e HTTP/1.1');
    const metadata = request.lines.filter((line) => line.startsWith(':'));
    expect(metadata.map((line) => line.split(' ')[0])).toEqual([':peer', ':scheme', ':id']);
    expect(request.lines.slice(metadata.length)).toEqual(fields);
  });

  test('what speaks of the connection has no place in a session', async () => {
    const request = await receive(
      'POST / HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: 5\r\nX-Hop: 1\r\nTE: gzip\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    );
    expect(request.lines.filter((line) => !line.startsWith(':'))).toEqual(['Host: localhost', 'X-Hop: 1']);
  });

  const targets: [string, string][] = [
    ['absolute-form', 'GET http://localhost/x?y HTTP/1.1'],
    ['absolute-form without a path', 'GET http://localhost HTTP/1.1'],
    ['R17 OPTIONS *', 'OPTIONS * HTTP/1.1'],
    ['R44 TRACE', 'TRACE /x HTTP/1.1'],
    ['a path that looks like an endpoint', 'GET /.well-known/reverse-http/websocket HTTP/1.1'],
  ];
  test.each(targets)('%s', async (_, line) => {
    expect((await receive(`${line}\r\nHost: localhost\r\nMax-Forwards: 0\r\n\r\n`)).line).toBe(line);
  });

  test('HTTP/1.0 without a host gets one, for HTTP/1.1 wants it', async () => {
    expect((await receive('GET / HTTP/1.0\r\n\r\n')).all('host')).toEqual(['localhost']);
  });

  test('R45 CONNECT goes through, whatever host it names, and becomes a tunnel', async () => {
    const visitor = await send('CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nearly');
    const request = await connector.next();
    expect([request.line, ...request.lines.slice(3)]).toEqual(['CONNECT a:80 HTTP/1.1', 'Host: a:80']);
    expect(request.body()).toBe('');
    request.answer('200 OK\r\nContent-Length: 3', 'hello');
    await request.until('early');
    expect(await visitor.until('hello')).toBe('HTTP/1.1 200 OK\r\n\r\nhello');
  });

  test('R45 CONNECT is refused where the target is not alone, or the method not quite that', async () => {
    const small = await send('connect /x HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(readAnswer(await small.until('requestId')).status).toBe(405);
    await listen({ routes: [byCookie('target'), toTarget('A')] });
    const visitor = await send('CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n');
    expect(readAnswer(await visitor.until('requestId')).status).toBe(405);
    expect(connector.requests).toEqual([]);
  });

  test('R45 a CONNECT that ends with its grant is no answer', async () => {
    const visitor = await send('CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n');
    (await connector.next()).answer('200 OK');
    expect(await visitor.closed()).toBe('');
  });

  test('TRACE and OPTIONS * stay with the gateway where several targets share the listener', async () => {
    await listen({ routes: [byPath('/gw')] });
    const trace = await send('TRACE /gw/A/ HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(readAnswer(await trace.until('requestId')).status).toBe(405);
    const options = await send('OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(readAnswer(await options.until('\r\n\r\n')).status).toBe(204);
    const request = await receive('GET /gw/A/x HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect([request.line, request.all(':prefix'), request.all('x-forwarded-prefix')]).toEqual([
      'GET /x HTTP/1.1',
      ['/gw/A'],
      [],
    ]);
    expect((await receive('POST /gw/A HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n')).line).toBe(
      'POST / HTTP/1.1',
    );
  });

  test('an upgrade goes through', async () => {
    const visitor = await send('GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    const request = await connector.next();
    expect(request.all('upgrade')).toEqual(['echo']);
    request.answer('101 Switching Protocols\r\nUpgrade: echo', 'hello');
    await visitor.until('hello');
  });
});

describe('answers', () => {
  test('R51 nothing is added or taken away', async () => {
    const visitor = await send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const lines = ['Content-Length: 4', 'server: mine', 'Alt-Svc: h3=":443"', 'Set-Cookie: a=b; Path=/', 'Via: 1.1 x'];
    (await connector.next()).answer(`200 Fine\r\n${lines.join('\r\n')}`, 'body');
    const answer = readAnswer(await visitor.until('body'));
    expect(answer.lines).toEqual(lines);
  });

  test('a Date stays', async () => {
    const visitor = await send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    (await connector.next()).answer('200 OK\r\nDate: then\r\nContent-Length: 4', 'body');
    expect(readAnswer(await visitor.until('body')).lines).toEqual(['Date: then', 'Content-Length: 4']);
  });

  test('caches have to know all the same which cookie chose', async () => {
    await listen({ routes: [byCookie('target')] });
    const visitor = await send('GET / HTTP/1.1\r\nHost: localhost\r\nCookie: target=A\r\n\r\n');
    (await connector.next()).answer('200 OK\r\nContent-Length: 4', 'body');
    expect(readAnswer(await visitor.until('body')).field('vary')).toBe('Cookie');
  });
});

describe('a server that hangs up without an answer', () => {
  const rows: [string, (request: Received) => void][] = [
    ['its handler did', (request) => request.exchange.abort('bad-answer', 'the handler closed the connection')],
    ['its connection did', (request) => request.exchange.abort('connector-lost')],
    ['its connector is gone', () => connector.close()],
  ];
  test.each(rows)('%s: so does the gateway', async (_, hangUp) => {
    const visitor = await send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    hangUp(await connector.next());
    expect(await visitor.closed()).toBe('');
  });

  test('elsewhere it is a 502', async () => {
    const visitor = await it.get();
    (await connector.next()).exchange.abort('bad-answer', 'the handler closed the connection');
    expect(readAnswer(await visitor.until('requestId')).status).toBe(502);
  });

  test('what the gateway itself has to say is said', async () => {
    const visitor = await send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    (await connector.next()).exchange.abort('overloaded');
    expect(readAnswer(await visitor.until('requestId')).status).toBe(503);
  });
});
