import { EventEmitter, once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { FetchRequest, FetchResult } from '@reverse-http/connector';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readAnswer } from '../../../gateway/test/support/read-answers.js';
import { places, type Stage, startStage } from '../support/stage.js';

/** Answers that are HTTP arrive as they were given: R35, R36, R49 to R53, R61 to R63, R70. */
interface AnswerCase {
  readonly rule: string;
  readonly method?: string;
  /** By a listener, in this process or one that is forwarded to. */
  readonly server: (response: ServerResponse) => void;
  readonly fetch?: () => FetchResult;
  /** What the visitor gets, from the first byte. */
  readonly gets: RegExp;
  readonly hidden?: RegExp;
}

const date = 'Thu, 01 Jan 1970 00:00:00 GMT';
const fields: readonly [string, string][] = [
  ['ETag', 'W/"a"'],
  ['WWW-Authenticate', 'Basic realm="x"'],
  ['Content-Encoding', 'gzip'],
  ['Cache-Control', 'no-transform'],
  ['Content-Disposition', "attachment; filename*=UTF-8''a"],
  ['Set-Cookie', 'a=b; Path=/'],
  ['Set-Cookie', 'c=d'],
];
const asGiven = fields.map(([name, value]) => `${name}: ${value.replaceAll('*', '\\*')}\\r\\n`).join('');
const flat = fields.flat();
const cases: readonly AnswerCase[] = [
  {
    rule: 'R35 R36 R49 R50 fields, their order, coded content',
    server: (r) => void r.writeHead(200, flat).end('\x1f\x8bx'),
    fetch: () => ({ headers: fields, body: '\x1fx' }),
    gets: new RegExp(`^HTTP/1\\.1 200 OK\\r\\n(?:Date: .*\\r\\n)?${asGiven}[\\s\\S]*\\r\\n\\r\\n[\\s\\S]*\\x1f`, 'i'),
  },
  {
    rule: 'R51 Date and Server of the server stay',
    server: (r) => void r.writeHead(200, { Date: date, Server: 'own' }).end(),
    fetch: () => ({ headers: { Date: date, Server: 'own' } }),
    gets: new RegExp(`Date: ${date}\\r\\nServer: own\\r\\n`, 'i'),
    hidden: /Date: [\s\S]*Date: |Age:/i,
  },
  {
    rule: 'R51 Date is added, no other field',
    server: (r) => {
      r.sendDate = false;
      r.end();
    },
    fetch: () => new Response(null),
    gets: /Date: .* GMT\r\n/,
    hidden: /Server:|Via:|Age:/i,
  },
  {
    rule: 'R53 trailers, announced',
    server: (r) => {
      r.writeHead(200, { Trailer: 'X-T' });
      r.write('a');
      r.addTrailers({ 'X-T': '1' });
      r.end();
    },
    fetch: () => ({ headers: { Trailer: 'X-T' }, body: 'a', trailers: { 'X-T': '1' } }),
    gets: /\r\n0\r\nX-T: 1\r\n\r\n$/i,
  },
  {
    rule: 'R53 trailers, not announced',
    server: (r) => {
      r.write('a');
      r.addTrailers({ 'X-T': '1' });
      r.end();
    },
    fetch: () => ({ body: 'a', trailers: { 'X-T': '1' } }),
    gets: /\r\n0\r\nX-T: 1\r\n\r\n$/i,
  },
  {
    rule: 'R55 every final status passes',
    server: (r) => void r.writeHead(599, 'Odd').end(),
    fetch: () => ({ status: 599, statusText: 'Odd' }),
    gets: /^HTTP\/1\.1 599 Odd\r\n/,
  },
  {
    rule: 'R54 425',
    server: (r) => void r.writeHead(425).end(),
    fetch: () => ({ status: 425 }),
    gets: /^HTTP\/1\.1 425 /,
  },
  {
    rule: 'R61 HEAD keeps the length',
    method: 'HEAD',
    server: (r) => void r.writeHead(200, { 'Content-Length': 5 }).end(),
    fetch: () => ({ headers: { 'Content-Length': '5' } }),
    gets: /Content-Length: 5\r\n[\s\S]*\r\n\r\n$/i,
  },
  {
    rule: 'R61 304 keeps the length',
    server: (r) => void r.writeHead(304, { 'Content-Length': 5 }).end(),
    fetch: () => ({ status: 304, headers: { 'Content-Length': '5' } }),
    gets: /^HTTP\/1\.1 304 [\s\S]*Content-Length: 5\r\n[\s\S]*\r\n\r\n$/i,
  },
  {
    rule: 'R61 204 has no framing',
    server: (r) => void r.writeHead(204).end(),
    fetch: () => ({ status: 204 }),
    gets: /^HTTP\/1\.1 204 [\s\S]*\r\n\r\n$/,
    hidden: /Content-Length|Transfer-Encoding/i,
  },
  {
    rule: 'R62 205 is empty',
    server: (r) => void r.writeHead(205, { 'Content-Length': 0 }).end(),
    fetch: () => ({ status: 205 }),
    gets: /^HTTP\/1\.1 205 [\s\S]*Content-Length: 0\r\n[\s\S]*\r\n\r\n$/i,
  },
  {
    rule: 'R62 206',
    server: (r) => void r.writeHead(206, { 'Content-Range': 'bytes 0-1/9', 'Content-Length': 2 }).end('ab'),
    fetch: () => ({ status: 206, headers: { 'Content-Range': 'bytes 0-1/9' }, body: 'ab' }),
    gets: /^HTTP\/1\.1 206 [\s\S]*Content-Range: bytes 0-1\/9\r\n[\s\S]*\r\n\r\nab$/i,
  },
  {
    rule: 'R63 1xx in their order, before the answer',
    server: (r) => {
      r.writeProcessing();
      r.writeEarlyHints({ link: '</a>; rel=preload' });
      r.writeProcessing();
      r.end('ab');
    },
    gets: /^HTTP\/1\.1 102 .*\r\n\r\nHTTP\/1\.1 103 .*\r\nlink: <\/a>; rel=preload\r\n\r\nHTTP\/1\.1 102 .*\r\n\r\nHTTP\/1\.1 200 [\s\S]*ab$/i,
  },
];

const events = new EventEmitter();

/** What takes more than one answer; a listener and a fetch handler that do the same. */
const servers: Record<string, (response: ServerResponse) => void> = {
  '/healthy': (response) => void response.end('healthy'),
  '/early': (response) => void response.end('early'),
  '/continue': async (response) => {
    for await (const _ of response.req);
    response.end('got all');
  },
  '/stream': (response) => {
    response.write('first');
    events.once('next', () => response.end('last'));
  },
  '/break': (response) => {
    response.write('first');
    events.once('next', () => response.destroy());
  },
  '/left': (response) => {
    response.write('first');
    response.on('close', () => events.emit('left'));
  },
  '/upload': (response) => {
    response.req.on('error', () => {}).on('close', () => events.emit('upload', response.req.complete));
    response.req.resume();
    events.emit('started');
  },
  '/slow': (response) => void events.once('next', () => response.end('late')),
};
const fetchers: Record<string, (request: FetchRequest) => FetchResult | Promise<FetchResult>> = {
  '/healthy': () => new Response('healthy'),
  '/early': () => new Response('early'),
  '/continue': async (request) => {
    await request.text();
    return new Response('got all');
  },
  '/stream': () => ({ body: firstThen(() => 'last') }),
  '/break': () => ({ body: firstThen(() => Promise.reject(new Error('broken'))) }),
  '/left': ({ signal }) => {
    signal.addEventListener('abort', () => events.emit('left'));
    return { body: firstThen(() => 'last') };
  },
  '/upload': async (request) => {
    events.emit('started');
    const complete = await request.text().then(
      () => true,
      () => false,
    );
    events.emit('upload', complete);
    return new Response('got all');
  },
  '/slow': async () => {
    await once(events, 'next');
    return new Response('late');
  },
};

async function* firstThen(next: () => string | Promise<string>): AsyncGenerator<Uint8Array> {
  yield Buffer.from('first');
  await once(events, 'next');
  yield Buffer.from(await next());
}

function listen(response: ServerResponse): void {
  const path = response.req.url!;
  const handler = servers[path];
  if (handler) handler(response);
  else cases[Number(path.slice(1))]!.server(response);
}
const newServer = () => createServer((_, response) => listen(response));
const apps = {
  server: newServer(),
  url: newServer(),
  fetch: (request: FetchRequest): FetchResult | Promise<FetchResult> => {
    const { pathname } = new URL(request.url);
    const handler = fetchers[pathname];
    return handler ? handler(request) : cases[Number(pathname.slice(1))]!.fetch!();
  },
};
let stage: Stage;
beforeAll(async () => {
  stage = await startStage(apps);
});
afterAll(() => stage.close());

const head = (method: string, path: string, more = ''): string =>
  `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;

describe.each(places)('%s over %s', (kind, transport) => {
  test.each(cases.filter((row) => kind !== 'fetch' || row.fetch))('$rule', async (row) => {
    const path = `/${cases.indexOf(row)}`;
    const visitor = await stage.visit(kind, transport, head(row.method ?? 'GET', path, 'Connection: close\r\n'));
    const text = await visitor.closed();
    expect(text).toMatch(row.gets);
    if (row.hidden) expect(text).not.toMatch(row.hidden);
    await stage.healthy(kind, transport);
  });

  test('R46 R47 the body is sent when the server asks for it, and not before', async () => {
    const fields = 'Content-Length: 3\r\nExpect: 100-continue\r\n';
    const visitor = await stage.visit(kind, transport, head('POST', '/continue', fields));
    expect(await visitor.until('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    visitor.send('abc');
    await visitor.until('got all');
    visitor.socket.destroy();
  });

  test('R28 R64 an answer before the body is whole comes at once, and the connection goes on', async () => {
    const visitor = await stage.visit(kind, transport, head('POST', '/early', 'Content-Length: 6\r\n'));
    await visitor.until('early');
    visitor.send(`abcdef${head('GET', '/healthy', 'Connection: close\r\n')}`);
    expect(await visitor.closed()).toMatch(/early[\s\S]*healthy$/);
  });

  test('R30 HTTP/1.0 gets neither chunks nor 1xx', async () => {
    const index = cases.findIndex(({ rule }) => rule.startsWith('R63'));
    const path = kind === 'fetch' ? '/healthy' : `/${index}`;
    const visitor = await stage.visit(kind, transport, `GET ${path} HTTP/1.0\r\nHost: localhost\r\n\r\n`);
    const text = await visitor.closed();
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).not.toMatch(/chunked|HTTP\/1\.1 1/i);
  });

  test('R65 a visitor that leaves is gone for the handler, too', async () => {
    const left = once(events, 'left');
    const visitor = await stage.visit(kind, transport, head('GET', '/left'));
    await visitor.until('first');
    visitor.socket.destroy();
    await left;
    await stage.healthy(kind, transport);
  });

  test('R66 a visitor that sends nothing more gets its answer', async () => {
    const visitor = await stage.visit(kind, transport, head('GET', '/slow'));
    visitor.halfClose();
    await visitor.until('102 Processing');
    await vi.waitUntil(() => events.listenerCount('next') > 0);
    events.emit('next');
    expect(await visitor.closed()).toMatch(/late$/);
  });

  test('R67 a body that breaks off is no whole one', async () => {
    const started = once(events, 'started');
    const upload = once(events, 'upload');
    const visitor = await stage.visit(kind, transport, `${head('POST', '/upload', 'Content-Length: 9\r\n')}abc`);
    await started;
    visitor.socket.destroy();
    expect(await upload).toEqual([false]);
    await stage.healthy(kind, transport);
  });

  test('R68 what is written is there at once, not when more comes', async () => {
    const visitor = await stage.visit(kind, transport, head('GET', '/stream', 'Connection: close\r\n'));
    await visitor.until('first');
    events.emit('next');
    expect(readAnswer(await visitor.closed())).toMatchObject({ body: 'firstlast', whole: true });
  });

  test('R59 an answer that breaks off ends without a clean end', async () => {
    const visitor = await stage.visit(kind, transport, head('GET', '/break'));
    await visitor.until('first');
    events.emit('next');
    expect(readAnswer(await visitor.closed())).toMatchObject({ body: 'first', whole: false });
    await stage.healthy(kind, transport);
  });

  test('R18 R61 a HEAD request reaches the handler as such', async () => {
    const visitor = await stage.visit(kind, transport, head('HEAD', '/early', 'Connection: close\r\n'));
    expect(await visitor.closed()).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\n$/);
  });
});
