import { createServer, type ServerResponse } from 'node:http';
import type { FetchContext, FetchResult } from '@reverse-http/connector';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRawOrigin } from '../support/raw-origin.js';
import { type Kind, places, type Stage, secret, startStage } from '../support/stage.js';

/** The status of a whole answer; `cut`: the head has gone out, and the connection is broken off without a clean end. */
type Outcome = number | 'cut';

/** What a server does that is no HTTP, and what becomes of it: R55 to R59, R61 to R63, R69. */
interface HostileCase {
  readonly rule: string;
  readonly method?: string;
  /** What is sent by a server that is forwarded to; its connection stays open unless `closes`. */
  readonly url?: string;
  readonly closes?: boolean;
  /** What a listener in this process does. */
  readonly server?: (response: ServerResponse) => void;
  /** What a fetch-style handler answers. */
  readonly fetch?: (context: FetchContext) => FetchResult;
  readonly gets: Outcome | Readonly<Record<Kind, Outcome>>;
  /** What the visitor must not see. */
  readonly hidden?: RegExp;
}

const ok = 'HTTP/1.1 200 OK\r\n';
const long = 'x'.repeat(60_000);
const withFields = (headers: readonly [string, string][]) => (): FetchResult => ({ headers, body: 'zz' });
/** A fetch-style handler is told by an error that what it returned is none; the other kinds have said it already. */
const noAnswer = { server: 502, fetch: 500, url: 502 } as const;
const cases: readonly HostileCase[] = [
  {
    rule: 'R55 status 999',
    url: 'HTTP/1.1 999 High\r\n\r\n',
    server: (r) => r.writeHead(999).end(),
    fetch: () => ({ status: 999 }),
    gets: noAnswer,
  },
  {
    rule: 'R55 status 600',
    url: 'HTTP/1.1 600 High\r\n\r\n',
    server: (r) => r.writeHead(600).end(),
    fetch: () => ({ status: 600 }),
    gets: noAnswer,
  },
  { rule: 'R55 status 099', url: 'HTTP/1.1 099 Low\r\n\r\n', gets: 502 },
  {
    rule: 'R55 a 101 that nobody asked for',
    url: 'HTTP/1.1 101 Up\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
    server: (r) => r.writeHead(101, { Upgrade: 'x', Connection: 'Upgrade' }).end(),
    fetch: () => ({ status: 101 }),
    gets: noAnswer,
  },
  {
    rule: 'R55 a 103 as the last answer',
    server: (r) => r.writeHead(103).end(),
    fetch: () => ({ status: 103 }),
    gets: noAnswer,
  },
  { rule: 'R55 no HTTP', url: 'SSH-2.0-OpenSSH_9.2\r\n', gets: 502 },
  {
    rule: 'R56 a line end in a value',
    url: `${ok}A: 1\nSet-Cookie: x\r\nContent-Length: 0\r\n\r\n`,
    gets: 502,
    hidden: /Set-Cookie/,
  },
  { rule: 'R56 a name that is none', url: `${ok}A(: 1\r\nContent-Length: 0\r\n\r\n`, gets: 502 },
  { rule: 'R56 NUL in a value', url: `${ok}A: \0\r\nContent-Length: 0\r\n\r\n`, gets: 502 },
  { rule: 'R56 folding', url: `${ok}A: 1\r\n b: 2\r\nContent-Length: 0\r\n\r\n`, gets: 502 },
  { rule: 'R56 a control byte in the reason', url: 'HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n', gets: 502 },
  {
    rule: 'R56 what Node does not write',
    server: (r) => r.writeHead(200, { a: `b\r\nSet-Cookie: ${secret}` }).end(),
    fetch: () => ({ headers: { a: `b\r\nSet-Cookie: ${secret}` } }),
    gets: 500,
    hidden: /Set-Cookie|s3cret/,
  },
  { rule: 'R56 a reason that Node does not write', server: (r) => r.writeHead(200, 'O\r\nK').end(), gets: 500 },
  {
    rule: 'R57 two lengths',
    url: `${ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\nzz`,
    server: (r) => r.setHeader('Content-Length', ['1', '2']).end('zz'),
    fetch: withFields([
      ['Content-Length', '1'],
      ['Content-Length', '2'],
    ]),
    gets: noAnswer,
  },
  {
    rule: 'R57 a length that is none',
    url: `${ok}Content-Length: -1\r\n\r\nzz`,
    server: (r) => r.setHeader('Content-Length', '-1').end('zz'),
    fetch: withFields([['Content-Length', '-1']]),
    gets: noAnswer,
  },
  {
    rule: 'R57 length and coding',
    url: `${ok}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    server: (r) => r.writeHead(200, { 'Content-Length': 1, 'Transfer-Encoding': 'chunked' }).end('a'),
    gets: 502,
  },
  {
    rule: 'R57 another coding',
    url: `${ok}Transfer-Encoding: gzip\r\n\r\nzz`,
    server: (r) => r.writeHead(200, { 'Transfer-Encoding': 'gzip' }).end('zz'),
    gets: 502,
  },
  {
    rule: 'R58 a body that is too long',
    url: `${ok}Content-Length: 1\r\n\r\nzz`,
    server: (r) => r.writeHead(200, { 'Content-Length': 1 }).end('zz'),
    fetch: withFields([['Content-Length', '1']]),
    gets: noAnswer,
    hidden: /zz/,
  },
  {
    rule: 'R58 a body that is too short',
    url: `${ok}Content-Length: 5\r\n\r\nzz`,
    closes: true,
    server: (r) => r.writeHead(200, { 'Content-Length': 5 }).end('zz'),
    fetch: withFields([['Content-Length', '5']]),
    gets: { ...noAnswer, url: 'cut' },
  },
  {
    rule: 'R59 chunks without an end',
    url: `${ok}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n`,
    closes: true,
    server: (r) => void r.write('a', () => r.destroy()),
    fetch: () => ({ body: failing() }),
    gets: { ...noAnswer, url: 'cut' },
  },
  {
    rule: 'R59 a chunk size that is none',
    url: `${ok}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n-1\r\n`,
    gets: 502,
  },
  {
    rule: 'R61 a length in a 204',
    url: 'HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n',
    server: (r) => r.writeHead(204, { 'Content-Length': 3 }).end(),
    fetch: () => ({ status: 204, headers: { 'Content-Length': '3' } }),
    gets: 204,
    hidden: /Content-Length/i,
  },
  {
    rule: 'R61 a body after 204',
    url: 'HTTP/1.1 204 No\r\n\r\nzz',
    server: (r) => r.writeHead(204).end('zz'),
    gets: { server: 204, fetch: 204, url: 502 },
    hidden: /zz/,
  },
  {
    rule: 'R61 a body after 304',
    url: 'HTTP/1.1 304 No\r\n\r\nzz',
    server: (r) => r.writeHead(304).end('zz'),
    gets: { server: 304, fetch: 304, url: 502 },
    hidden: /zz/,
  },
  {
    rule: 'R61 a body after HEAD',
    method: 'HEAD',
    url: `${ok}Content-Length: 2\r\n\r\nzz`,
    server: (r) => r.end('zz'),
    fetch: () => new Response('zz'),
    gets: { server: 200, fetch: 200, url: 502 },
    hidden: /zz/,
  },
  {
    rule: 'R62 content in a 205',
    url: 'HTTP/1.1 205 Reset\r\nContent-Length: 2\r\n\r\nzz',
    server: (r) => r.writeHead(205).end('zz'),
    fetch: () => ({ status: 205, body: 'zz' }),
    gets: noAnswer,
    hidden: /zz/,
  },
  {
    rule: 'R63 a flood of 1xx',
    url: 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(2000),
    server: (r) => flood(r),
    gets: { server: 200, fetch: 200, url: 502 },
  },
  {
    rule: 'R69 a head too large',
    url: `${ok}A: ${long}\r\nContent-Length: 0\r\n\r\n`,
    server: (r) => r.writeHead(200, { A: long }).end(),
    fetch: () => ({ headers: { A: long } }),
    gets: noAnswer,
  },
  {
    rule: 'R69 too many fields',
    url: `${ok}${'A: 1\r\n'.repeat(1001)}Content-Length: 0\r\n\r\n`,
    server: (r) => r.setHeader('A', Array(1001).fill('1')).end(),
    fetch: withFields(Array(1001).fill(['A', '1'])),
    gets: noAnswer,
  },
  {
    rule: 'R69 trailers too large',
    url: `${ok}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n${`A: ${'x'.repeat(1000)}\r\n`.repeat(2000)}`,
    gets: 502,
  },
  { rule: 'R82 nothing at all', url: '', closes: true, server: (r) => void r.destroy(), gets: 502 },
];

function flood(response: ServerResponse): void {
  for (let i = 0; i < 2000; i++) response.writeProcessing();
  response.end('zz');
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('a');
  throw new Error('the body broke');
}

const caseOf = (path: string): HostileCase => cases[Number(path.slice(1))]!;
const apps = {
  server: createServer((request, response) => {
    if (request.url === '/healthy') response.end('healthy');
    else caseOf(request.url!).server!(response);
  }),
  fetch: (request: { url: string }, context: FetchContext): FetchResult => {
    const { pathname } = new URL(request.url);
    return pathname === '/healthy' ? new Response('healthy') : caseOf(pathname).fetch!(context);
  },
  url: createRawOrigin((path, socket) => {
    const { url, closes } = caseOf(path);
    if (url !== '') socket.write(url!, 'latin1');
    if (closes) socket.end();
  }),
};
let stage: Stage;
beforeAll(async () => {
  stage = await startStage(apps);
});
afterAll(() => stage.close());
beforeEach(() => {
  stage.log.length = stage.told.length = 0;
});

describe.each(places)('%s over %s', (kind, transport) => {
  test.each(cases.filter((row) => row[kind] !== undefined))('$rule', async (row) => {
    const gets = typeof row.gets === 'object' ? row.gets[kind] : row.gets;
    const method = row.method ?? 'GET';
    const lines = `${method} /${cases.indexOf(row)} HTTP/1.1\r\nHost: localhost\r\nCookie: ${secret}\r\nConnection: close\r\n`;
    const visitor = await stage.visit(kind, transport, `${lines}\r\n`);
    const text = await visitor.closed();
    const final = text.replaceAll(/HTTP\/1\.1 1\d\d [^\r]*\r\n\r\n/g, '');
    expect(final).toMatch(gets === 'cut' ? /^HTTP\/1\.1 200 / : new RegExp(`^HTTP/1\\.1 ${gets} `));
    if (gets === 'cut') expect(final).not.toMatch(/\r\n0\r\n\r\n$/);
    if (row.hidden) expect(text).not.toMatch(row.hidden);
    // A second head in what is one answer would be a second answer to whoever keeps the connection.
    expect(final.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    await vi.waitUntil(() => stage.log.length === 1);
    const reasons: Record<Outcome, unknown> = { 500: 'handler-failed', 502: 'bad-answer', cut: expect.any(String) };
    expect(stage.log[0]).toMatchObject({ status: gets === 'cut' ? 200 : gets, reason: reasons[gets] });
    expect(JSON.stringify(stage.told)).not.toContain(secret);
    await stage.healthy(kind, transport);
  });
});
