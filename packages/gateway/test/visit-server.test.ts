import { afterEach, describe, expect, test } from 'vitest';
import { type AccessLogEntry, byPath, formatAccessLogEntry, toTarget } from '../src/index.js';
import { visit } from './support/raw-visitor.js';
import { readAnswer } from './support/read-answers.js';
import { startGateway, type TestGateway, until } from './support/test-gateway.js';

let it: TestGateway;
afterEach(() => it.close());

async function ask(
  start: string,
  more = '',
  host = 'localhost',
): Promise<ReturnType<typeof readAnswer> & { problem: any }> {
  const visitor = await it.visit(`${start} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}\r\n`);
  const answer = readAnswer(await visitor.closed(), true, start.startsWith('HEAD'));
  const isProblem = answer.field('content-type') === 'application/problem+json' && answer.body !== '';
  return { ...answer, problem: isProblem ? JSON.parse(answer.body) : undefined };
}

describe('a path that ends with its target', () => {
  test('GET and HEAD are sent on to the slash, query kept', async () => {
    it = await startGateway();
    for (const [start, location] of [
      ['GET /gw/A', '/gw/A/'],
      ['GET /gw/a?x=/y', '/gw/a/?x=/y'],
      ['HEAD /gw/A', '/gw/A/'],
      ['GET http://localhost/gw/A?q', '/gw/A/?q'],
    ]) {
      const answer = await ask(start!);
      expect(answer.status).toBe(308);
      expect(answer.field('location')).toBe(location);
      expect(answer.body).toBe(start!.startsWith('HEAD') ? '' : `The target is at ${location}\n`);
    }
  });

  test('other methods and upgrades are served as /', async () => {
    it = await startGateway();
    const connector = await it.connect();
    await it.visit('POST /gw/A?x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
    expect((await connector.next()).line).toBe('POST /?x HTTP/1.1');
    await it.visit('GET /gw/A HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    expect((await connector.next()).line).toBe('GET / HTTP/1.1');
  });
});

describe('what the gateway answers itself', () => {
  test('R84 a host that is not served: 421, which names the settings', async () => {
    it = await startGateway();
    for (const path of ['/gw/A/', '/.well-known/reverse-http/websocket']) {
      const answer = await ask(`GET ${path}`, '', 'evil.example');
      expect(answer.status).toBe(421);
      expect(answer.problem).toMatchObject({ type: '/.well-known/reverse-http/problems/wrong-host' });
      expect(answer.problem.detail).toMatch(/"publicUrl" and "hosts".*"--public-url"/);
    }
  });

  test('R81 no route: 404', async () => {
    it = await startGateway();
    const answer = await ask('GET /nowhere');
    expect(answer).toMatchObject({ status: 404, problem: { title: 'No route', delivered: 'no' } });
    expect(answer.field('proxy-status')).toBe('rhttp; error=destination_not_found; details="no-route"');
  });

  test.each(['TRACE /gw/A/', 'CONNECT localhost:80', 'trace /gw/A/'])('R44 R45 %s: 405', async (start) => {
    it = await startGateway();
    await it.connect();
    const answer = await ask(start);
    expect(answer.status).toBe(405);
    expect(answer.field('allow')).toMatch(/^GET, HEAD, POST/);
  });

  test.each(['CONNECT localhost:80', 'CONNECT elsewhere:80'])(
    'R45 %s closes: what is behind it is no request',
    async (start) => {
      it = await startGateway();
      const connector = await it.connect();
      const [, host] = start.split(' ');
      const behind = 'GET /gw/A/behind HTTP/1.1\r\nHost: localhost\r\n\r\n';
      const visitor = await it.visit(`${start} HTTP/1.1\r\nHost: ${host}\r\n\r\n${behind}`);
      const answer = readAnswer(await visitor.closed());
      expect([answer.status >= 400, answer.field('connection')]).toEqual([true, 'close']);
      expect(connector.requests).toEqual([]);
    },
  );

  test('R17 OPTIONS *: 204, whatever the route', async () => {
    it = await startGateway();
    const listener = await it.gateway.listen({ port: 0, routes: [toTarget('A')] });
    const connector = await it.connect();
    for (const url of [it.url, listener.url]) {
      const visitor = await visit(url, 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      const answer = readAnswer(await visitor.closed());
      expect(answer.status).toBe(204);
      expect(answer.field('allow')).toMatch(/OPTIONS/);
      expect(answer.field('content-length')).toBeUndefined();
    }
    expect(connector.requests).toHaveLength(0);
    await listener.close();
  });

  test.each(['0', '00', '5\r\nMax-Forwards: 0'])(
    'R43 OPTIONS with Max-Forwards: %s comes no further',
    async (value) => {
      it = await startGateway();
      const connector = await it.connect();
      const answer = await ask('OPTIONS /gw/A/', `Max-Forwards: ${value}\r\n`);
      expect(answer.status).toBe(204);
      expect(answer.field('allow')).toMatch(/OPTIONS/);
      expect(connector.requests).toHaveLength(0);
    },
  );

  test('R43 on a transparent listener it is the server that answers', async () => {
    it = await startGateway();
    const listener = await it.gateway.listen({ port: 0, transparent: true, routes: [toTarget('A')] });
    const connector = await it.connect();
    const visitor = await visit(listener.url, 'OPTIONS / HTTP/1.1\r\nHost: localhost\r\nMax-Forwards: 0\r\n\r\n');
    const request = await connector.next();
    expect(request.all('max-forwards')).toEqual(['0']);
    request.answer('204 No Content');
    await visitor.until('HTTP/1.1 204');
    visitor.socket.destroy();
    await listener.close();
  });

  test("R92 /.well-known/reverse-http/ is the gateway's, unless all is one target", async () => {
    it = await startGateway();
    expect((await ask('GET /.well-known/reverse-http/other')).status).toBe(404);
    expect((await ask('GET /.well-known/reverse-http/websocket')).status).toBe(426);
    expect((await ask('GET /.well-known/reverse-http/other', '', 'a.localhost')).problem.detail).toMatch(/endpoint/);
    const connector = await it.connect();
    const listener = await it.gateway.listen({ port: 0, routes: [toTarget('A')] });
    const visitor = await visit(
      listener.url,
      'GET /.well-known/reverse-http/other HTTP/1.1\r\nHost: localhost\r\n\r\n',
    );
    expect((await connector.next()).line).toBe('GET /.well-known/reverse-http/other HTTP/1.1');
    visitor.socket.destroy();
    await listener.close();
    const both = await it.gateway.listen({ port: 0, routes: [toTarget('A')], tunnel: true });
    const asked = await fetch(`${both.url}/.well-known/reverse-http/websocket`);
    expect(asked.status).toBe(426);
  });

  test('a target that no route reaches is refused', async () => {
    it = await startGateway({ listeners: [{ port: 0, routes: [byPath('/gw')] }] });
    await expect(it.connect({ target: 'a b' })).rejects.toThrow('bad-target');
  });
});

describe('the access log', () => {
  test('R95 one entry for each visit, refused ones too; no query', async () => {
    const entries: AccessLogEntry[] = [];
    it = await startGateway({ accessLog: (entry) => void entries.push(entry) });
    const connector = await it.connect({
      onRequest: (request) => request.answer('200 OK\r\nContent-Length: LENGTH', 'hello'),
    });
    expect((await ask('GET /gw/A/y?secret', 'Authorization: secret\r\n')).body).toBe('hello');
    expect((await ask('GET /nowhere?secret')).status).toBe(404);
    expect((await ask('GET /', 'Bad Field: secret\r\n')).status).toBe(400);
    await until(() => entries.length === 3);
    const plain = entries.map(({ time, id, durationMs, ...rest }) => {
      expect(Date.parse(time)).toBeGreaterThan(0);
      expect(id).not.toBe('');
      expect(durationMs).toBeGreaterThanOrEqual(0);
      return rest;
    });
    expect(plain).toEqual([
      {
        peer: '127.0.0.1',
        method: 'GET',
        path: '/gw/A/y',
        target: 'A',
        status: 200,
        reason: undefined,
        bytesIn: 0,
        bytesOut: 5,
      },
      {
        peer: '127.0.0.1',
        method: 'GET',
        path: '/nowhere',
        target: undefined,
        status: 404,
        reason: 'no-route',
        bytesIn: 0,
        bytesOut: 0,
      },
      {
        peer: '127.0.0.1',
        method: '',
        path: '',
        target: undefined,
        status: 400,
        reason: 'bad-request',
        bytesIn: 0,
        bytesOut: 0,
      },
    ]);
    expect(entries.map(formatAccessLogEntry).join('\n')).not.toContain('secret');
    expect(formatAccessLogEntry(entries[2]!)).toMatch(/ 127\.0\.0\.1 - - - 400 bad-request .*ms in 0 out 0 /);
    expect(connector.requests).toHaveLength(1);
  });
});
