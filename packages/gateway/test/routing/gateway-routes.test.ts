import { afterEach, describe, expect, test } from 'vitest';
import {
  type AccessLogEntry,
  byCookie,
  byHeader,
  byPath,
  createGateway,
  type GatewayOptions,
  type RouteDecision,
  toTarget,
} from '../../src/index.js';
import { readAnswer } from '../support/read-answers.js';
import { startGateway, type TestGateway, until } from '../support/test-gateway.js';
import { untilStill } from '../support/until-still.js';

let it: TestGateway;
afterEach(() => it?.close());

type Routes = NonNullable<NonNullable<GatewayOptions['listeners']>[number]['routes']>;
const start = async (routes: Routes, more: GatewayOptions = {}): Promise<void> => {
  it = await startGateway({ listeners: [{ port: 0, routes }], ...more });
};

describe('a header route', () => {
  test('the server does not see the header, and keeps the path', async () => {
    await start([byHeader('X-Target')]);
    const connector = await it.connect();
    await it.get('x-target: A\r\nX-Target-2: B\r\n', '/gw/B/x?y');
    const request = await connector.next();
    expect(request.line).toBe('GET /gw/B/x?y HTTP/1.1');
    expect(request.all('x-target')).toEqual([]);
    expect(request.all('x-target-2')).toEqual(['B']);
    expect(request.all('x-forwarded-prefix')).toEqual([]);
  });

  test('a header that does not decide passes', async () => {
    await start([byPath('/gw'), byHeader('X-Target')]);
    const connector = await it.connect();
    await it.get('X-Target: B\r\n');
    expect((await connector.next()).all('x-target')).toEqual(['B']);
  });
});

test('keepPrefix: the server sees what the visitor asked for, and nobody redirects', async () => {
  await start([byPath('/gw', { keepPrefix: true })]);
  const connector = await it.connect();
  for (const path of ['/gw/A/x?y', '/gw/a', '/gw/A?z']) {
    await it.get('', path);
    const request = await connector.next();
    expect(request.line).toBe(`GET ${path} HTTP/1.1`);
    expect([...request.all(':prefix'), ...request.all('x-forwarded-prefix')]).toEqual([]);
  }
});

test('routes as a configuration file has them', async () => {
  const select = '/.well-known/reverse-http/select';
  await start([
    { cookie: 'target', select },
    { header: 'X-Target' },
    { path: '/keep', keepPrefix: true },
    { path: '/gw' },
    { host: '*.localhost' },
  ]);
  const connector = await it.connect();
  const rows: [string, string, string][] = [
    ['Cookie: target=A\r\n', '/gw/B/', 'GET /gw/B/ HTTP/1.1'],
    ['X-Target: A\r\n', '/gw/B/', 'GET /gw/B/ HTTP/1.1'],
    ['', '/keep/A/x', 'GET /keep/A/x HTTP/1.1'],
    ['', '/gw/A/x', 'GET /x HTTP/1.1'],
  ];
  for (const [lines, path, wanted] of rows) {
    await it.get(lines, path);
    expect((await connector.next()).line).toBe(wanted);
  }
  const chosen = await it.get('Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\n', `${select}?target=A`);
  expect(await chosen.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 303 .*\r\nLocation: \/\r\nSet-Cookie: target=A; /);
  expect(it.gateway.targets.get('A')!.urls.map((url) => url.replace(/:\d+/, ''))).toEqual([
    'http://127.0.0.1/keep/A/',
    'http://127.0.0.1/gw/A/',
    'http://127.0.0.1/',
    'http://a.localhost/',
  ]);
});

test.each([
  { cookie: '' },
  { cookie: 'target', select: '/select' },
  { header: 'Host' },
  { header: 5 },
  { path: '/gw', keepPrefix: 'yes' },
  { path: '/gw', select: '/x' },
])('a route that is none: %o', (route) => {
  expect(() => createGateway({ listeners: [{ port: 0, routes: [route as never] }] })).toThrow(
    /listeners\[0\]\.routes\[0\]/,
  );
});

describe('Vary', () => {
  const rows: [string, Routes, string, string, string[]][] = [
    ['by cookie', [byCookie('target')], 'Cookie: target=A\r\n', '', ['Vary: Cookie']],
    ['by header', [byHeader('X-Target')], 'X-Target: A\r\n', '', ['Vary: X-Target']],
    ['a cookie that was looked for', [byCookie('no'), byPath('/gw')], '', '', ['Vary: Cookie']],
    ['a cookie that was not', [byPath('/gw'), byCookie('target')], '', '', []],
    ['by path', [byPath('/gw')], '', '\r\nVary: Accept', ['Vary: Accept']],
    ['beside another', [byCookie('target')], 'Cookie: target=A\r\n', '\r\nvary: Accept', ['Vary: Accept, Cookie']],
    [
      'beside several',
      [byCookie('target')],
      'Cookie: target=A\r\n',
      '\r\nVary: A, b\r\nX: 1\r\nVary: C',
      ['Vary: A, b, C, Cookie'],
    ],
    [
      'beside itself',
      [byCookie('target')],
      'Cookie: target=A\r\n',
      '\r\nVary: accept, cookie',
      ['Vary: accept, cookie'],
    ],
    ['beside *', [byCookie('target')], 'Cookie: target=A\r\n', '\r\nVary: *', ['Vary: *']],
    ['beside nothing', [byCookie('target')], 'Cookie: target=A\r\n', '\r\nVary:', ['Vary: Cookie']],
    [
      'beside a part',
      [byCookie('no'), byHeader('X-Target')],
      'X-Target: A\r\n',
      '\r\nVary: Cookie',
      ['Vary: Cookie, X-Target'],
    ],
  ];
  test.each(rows)('%s', async (_, routes, lines, own, wanted) => {
    await start(routes);
    await it.connect({ onRequest: (request) => request.answer(`200 OK\r\nContent-Length: LENGTH${own}`, 'fine') });
    for (let i = 0; i < 2; i++) {
      const answer = readAnswer(await (await it.get(lines)).until('fine'));
      expect(answer.lines.filter((line) => /^vary:/i.test(line))).toEqual(wanted);
    }
  });

  test('the redirect varies too', async () => {
    await start([byCookie('no'), byPath('/gw')]);
    const answer = readAnswer(await (await it.get('', '/gw/A')).until('target is at'));
    expect([answer.status, answer.field('vary')]).toEqual([308, 'Cookie']);
  });
});

describe('a function', () => {
  test('chooses target and prefix', async () => {
    await start([
      ({ path, header }) => (header('x-key') === 'k' ? { target: 'A', prefix: path.slice(0, 3) } : undefined),
    ]);
    const connector = await it.connect();
    await it.get('X-Key: k\r\n', '/ab/c?d');
    const request = await connector.next();
    expect(request.line).toBe('GET /c?d HTTP/1.1');
    expect(request.all('x-forwarded-prefix')).toEqual(['/ab']);
    expect(readAnswer(await (await it.get('X-Key: k\r\n', '/ab?d')).until('is at')).field('location')).toBe('/ab/?d');
    expect(readAnswer(await (await it.get('', '/ab/c')).until('requestId')).status).toBe(404);
  });

  test('takes its time: others are served, a body waits, and what the visitor sent meanwhile counts', async () => {
    const deciding: ((decision: RouteDecision) => void)[] = [];
    await start([({ path }) => (path === '/later' ? new Promise((resolve) => deciding.push(resolve)) : 'A')]);
    const connector = await it.connect();
    const visitor = await it.visit('POST /later HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhello');
    await until(() => deciding.length === 1);
    await it.get('', '/now');
    expect((await connector.next()).line).toBe('GET /now HTTP/1.1');
    visitor.send('world');
    await untilStill(() => connector.requests.length);
    expect(connector.requests).toHaveLength(1);
    deciding[0]!('A');
    const request = await connector.next();
    expect(request.line).toBe('POST /later HTTP/1.1');
    expect((await request.whole).body).toBe('helloworld');
    request.answer('204 No Content');
    await visitor.until('204');
  });

  test('a visitor that leaves meanwhile is logged, and its request goes nowhere', async () => {
    const deciding: ((decision: RouteDecision) => void)[] = [];
    const entries: AccessLogEntry[] = [];
    await start([() => new Promise((resolve) => deciding.push(resolve))], {
      accessLog: (entry) => void entries.push(entry),
      onError() {},
    });
    const connector = await it.connect();
    for (const pipelined of ['', 'GET /second HTTP/1.1\r\nHost: localhost\r\n\r\n']) {
      const visitor = await it.visit(`GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n${pipelined}`);
      await until(() => deciding.length === 1);
      visitor.socket.resetAndDestroy();
      await until(() => entries.length === 1);
      expect(entries.pop()).toMatchObject({ path: '/first', status: 0, reason: 'visitor-gone', target: undefined });
      // The next visitor's head is written where the first one's was.
      const next = await it.get('', '/other');
      await until(() => deciding.length === 2);
      deciding[0]!('A');
      await untilStill(() => connector.requests.length);
      expect(connector.requests).toHaveLength(0);
      deciding[1]!('-');
      expect(readAnswer(await next.until('requestId')).status).toBe(404);
      await until(() => entries.length === 1);
      expect(entries.pop()).toMatchObject({ path: '/other', status: 404, reason: 'no-route' });
      deciding.length = 0;
    }
  });
});

describe('reserved paths', () => {
  const acme = '/.well-known/acme-challenge/token';
  const rows: [string, Routes, string][] = [
    ['by cookie', [byCookie('target')], 'Cookie: target=A\r\n'],
    ['by path', [byPath('/')], ''],
    ['by function', [() => 'A'], ''],
    ['fixed, behind another', [byPath('/gw'), toTarget('A')], ''],
  ];
  test.each(rows)('%s: no target has them', async (_, routes, lines) => {
    await start(routes);
    const connector = await it.connect();
    for (const path of [acme, '/.well-known/reverse-http/x', '/.well-known/reverse-http/select?target=A']) {
      const answer = readAnswer(await (await it.get(lines, path)).until('requestId'));
      expect([path, answer.status, JSON.parse(answer.body).title]).toEqual([path, 404, 'No route']);
    }
    expect(connector.requests).toHaveLength(0);
  });

  test('nor where no connector may dial in, but a target that has the listener to itself has them', async () => {
    await start([byPath('/gw')]);
    const connector = await it.connect();
    const closed = await it.gateway.listen({ port: 0, routes: [byPath('/')], tunnel: false });
    for (const path of [acme, '/.well-known/reverse-http/websocket'])
      expect((await fetch(closed.url + path)).status).toBe(404);
    expect(connector.requests).toHaveLength(0);
    const own = await it.gateway.listen({ port: 0, routes: [toTarget('A')] });
    const asked = fetch(own.url + acme);
    (await connector.next()).answer('200 OK\r\nContent-Length: LENGTH', 'proof');
    expect(await (await asked).text()).toBe('proof');
    await Promise.all([closed.abort(), own.abort()]);
  });
});
