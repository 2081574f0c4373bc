import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { readAnswers } from '../../../gateway/test/support/read-answers.js';
import { createSeeingApps } from '../support/seen-requests.js';
import { type Kind, places, type Stage, secret, startStage } from '../support/stage.js';

/** Requests from visitors, R1 to R30, and what may stop one before its target is looked for. */
interface RequestCase {
  /** The rule, and what of it. */
  readonly rule: string;
  readonly sends: string;
  /** Status of the answer. */
  readonly gets: number;
  /** What the application saw of it, whole. Without it: nothing that it could take for a whole request. */
  readonly app?: RegExp;
  /** What it must not see. */
  readonly hidden?: RegExp;
  /** Where only some kinds of handler can tell. */
  readonly only?: readonly Kind[];
  /** Default: one that the application saw goes on, any other closes. */
  readonly connection?: 'goes on' | 'closes';
}

const host = `Host: localhost\r\nCookie: a=${secret}\r\n`;
const get = (fields = '', target = '/x'): string => `GET ${target} HTTP/1.1\r\n${host}${fields}\r\n`;
const post = (fields: string, body = ''): string => `POST /x?q=${secret} HTTP/1.1\r\n${host}${fields}\r\n${body}`;
const chunks = (body: string): string => post('Transfer-Encoding: chunked\r\n', body);
const successor = `GET /successor HTTP/1.1\r\nHost: localhost\r\n\r\n`;

const cases: readonly RequestCase[] = [
  {
    rule: 'R1 length and coding',
    sends: post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    gets: 400,
  },
  {
    rule: 'R1 coding and length',
    sends: post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n'),
    gets: 400,
  },
  { rule: 'R2 two lengths', sends: post('Content-Length: 1\r\nContent-Length: 2\r\n', 'ab'), gets: 400 },
  { rule: 'R2 the same length twice', sends: post('Content-Length: 1\r\nContent-Length: 1\r\n', 'a'), gets: 400 },
  { rule: 'R2 a list', sends: post('Content-Length: 1, 1\r\n', 'a'), gets: 400 },
  { rule: 'R2 a sign', sends: post('Content-Length: +1\r\n', 'a'), gets: 400 },
  { rule: 'R2 below zero', sends: post('Content-Length: -1\r\n', 'a'), gets: 400 },
  { rule: 'R2 hexadecimal', sends: post('Content-Length: 0x1\r\n', 'a'), gets: 400 },
  { rule: 'R2 empty', sends: post('Content-Length:\r\n'), gets: 400 },
  { rule: 'R2 overflow', sends: post('Content-Length: 18446744073709551617\r\n', 'a'), gets: 400 },
  { rule: 'R3 chunked not last', sends: post('Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'), gets: 400 },
  { rule: 'R3 chunked twice', sends: post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'), gets: 400 },
  {
    rule: 'R3 in two lines',
    sends: post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    gets: 400,
  },
  { rule: 'R3 xchunked', sends: post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'), gets: 400 },
  { rule: 'R3 behind a vertical tab', sends: post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n'), gets: 400 },
  { rule: 'R3 identity', sends: post('Transfer-Encoding: identity\r\n'), gets: 400 },
  { rule: 'R3 empty', sends: post('Transfer-Encoding:\r\n'), gets: 400 },
  {
    rule: 'R3 in capitals is chunked',
    sends: post('Transfer-Encoding: CHUNKED\r\n', '2\r\nab\r\n0\r\n\r\n'),
    gets: 200,
    app: /\r\n\r\nab$/,
  },
  { rule: 'R4 gzip, chunked', sends: post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'), gets: 501 },
  {
    rule: 'R5 coding in HTTP/1.0',
    sends: `POST /x HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    gets: 400,
  },
  { rule: 'R6 a space before the colon', sends: get('A : b\r\n'), gets: 400 },
  { rule: 'R6 folding', sends: get('A: b\r\n c\r\n'), gets: 400 },
  { rule: 'R6 a space before the first field', sends: `GET /x HTTP/1.1\r\n Host: localhost\r\n\r\n`, gets: 400 },
  { rule: 'R7 bare LF in the request line', sends: `GET /x HTTP/1.1\nHost: localhost\r\n\r\n`, gets: 400 },
  { rule: 'R7 bare LF in a field', sends: get('A: b\nC: d\r\n'), gets: 400 },
  { rule: 'R7 bare CR in a field', sends: get('A: b\rC: d\r\n'), gets: 400 },
  { rule: 'R7 NUL in a field', sends: get('A: \0\r\n'), gets: 400 },
  { rule: 'R7 another control byte', sends: get('A: \x1b[2J\r\n'), gets: 400 },
  { rule: 'R7 a control byte in a name', sends: get('A\x01: b\r\n'), gets: 400 },
  { rule: 'R8 no Host', sends: 'GET /x HTTP/1.1\r\nA: b\r\n\r\n', gets: 400 },
  { rule: 'R8 two Hosts', sends: get('Host: localhost\r\n'), gets: 400 },
  { rule: 'R9 userinfo', sends: 'GET /x HTTP/1.1\r\nHost: u@localhost\r\n\r\n', gets: 400 },
  { rule: 'R9 a path', sends: 'GET /x HTTP/1.1\r\nHost: localhost/a\r\n\r\n', gets: 400 },
  { rule: 'R9 a bad port', sends: 'GET /x HTTP/1.1\r\nHost: localhost:8a\r\n\r\n', gets: 400 },
  { rule: 'R9 empty', sends: 'GET /x HTTP/1.1\r\nHost:\r\n\r\n', gets: 400 },
  { rule: 'R10 HTTP/2.0', sends: `GET /x HTTP/2.0\r\n${host}\r\n`, gets: 505 },
  { rule: 'R10 HTTP/0.9', sends: 'GET /x\r\n', gets: 400 },
  { rule: 'R11 HTTP/1.2 is served as 1.1', sends: `GET /x HTTP/1.2\r\n${host}\r\n`, gets: 200, app: /^GET \/x\r\n/ },
  { rule: 'R12 empty lines before', sends: `\r\n\r\n${get()}`, gets: 200, app: /^GET \/x\r\n/ },
  { rule: 'R12 empty lines without end', sends: `${'\r\n'.repeat(20)}${get()}`, gets: 400 },
  { rule: 'R13 two spaces in the request line', sends: `GET  /x HTTP/1.1\r\n${host}\r\n`, gets: 400 },
  {
    rule: 'R14 odd bytes pass as they are',
    sends: get('', '/x\\"<>{}|^`'),
    gets: 200,
    app: /^GET \/x\\"<>\{\}\|\^`\r\n/,
    only: ['server', 'url'],
  },
  { rule: 'R14 a fragment', sends: get('', '/x#y'), gets: 400 },
  { rule: 'R15 non-ASCII in the target', sends: get('', '/\xe4'), gets: 400 },
  { rule: 'R15 NUL in the target', sends: get('', '/\0'), gets: 400 },
  { rule: 'R15 a space in the target', sends: get('', '/a b'), gets: 400 },
  {
    rule: 'R16 absolute-form replaces Host',
    sends: 'GET http://localhost:81/y HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
    gets: 200,
    app: /^GET \/y\r\n[\s\S]*Host: localhost:81\r\n/i,
    hidden: /127\.0\.0\.1\r\nHost/i,
  },
  { rule: 'R16 another scheme', sends: get('', 'ftp://localhost/x'), gets: 400 },
  { rule: 'R17 OPTIONS *', sends: `OPTIONS * HTTP/1.1\r\n${host}\r\n`, gets: 204, connection: 'goes on' },
  { rule: 'R17 GET *', sends: get('', '*'), gets: 400 },
  { rule: 'R17 authority-form', sends: get('', 'localhost:80'), gets: 400 },
  {
    rule: 'R18 a method nobody knows',
    sends: `BREW /x HTTP/1.1\r\n${host}\r\n`,
    gets: 200,
    app: /^BREW \/x\r\n/,
    only: ['server', 'fetch'],
  },
  {
    rule: 'R18 a lower-case method',
    sends: `get /x HTTP/1.1\r\n${host}\r\n`,
    gets: 200,
    app: /^get \/x\r\n/,
    only: ['server', 'fetch'],
  },
  { rule: 'R19 a long target', sends: get('', `/${'x'.repeat(16 * 1024)}`), gets: 414 },
  { rule: 'R20 a large head', sends: get(`A: ${'x'.repeat(33 * 1024)}\r\n`), gets: 431 },
  { rule: 'R20 many fields', sends: get('A: b\r\n'.repeat(200)), gets: 431 },
  ...['0x3', '+3', '-3', '3 ', ' 3', '', '10000000000000000', 'g', '3\n'].map((size) => ({
    rule: `R21 chunk size ${JSON.stringify(size)}`,
    sends: chunks(`${size}\r\nabc\r\n0\r\n\r\n`),
    gets: 400,
  })),
  { rule: 'R21 a chunk longer than its size', sends: chunks('2\r\nabc\r\n0\r\n\r\n'), gets: 400 },
  { rule: 'R21 a chunk that ends with bare LF', sends: chunks('3\r\nabc\n0\r\n\r\n'), gets: 400 },
  { rule: 'R21 a chunk line that ends with bare LF', sends: chunks('3\nabc\r\n0\r\n\r\n'), gets: 400 },
  {
    rule: 'R22 extensions are ignored',
    sends: chunks('3;a=b;c="d"\r\nabc\r\n0;e\r\n\r\n'),
    gets: 200,
    app: /\r\n\r\nabc$/,
  },
  { rule: 'R22 an extension too long', sends: chunks(`3;${'a'.repeat(5000)}\r\nabc\r\n0\r\n\r\n`), gets: 400 },
  { rule: 'R22 a control byte in an extension', sends: chunks('3;a\0\r\nabc\r\n0\r\n\r\n'), gets: 400 },
  {
    rule: 'R23 trailers that are none are dropped',
    sends: chunks(`0\r\nHost: y\r\nCookie: z\r\nAuthorization: z\r\nX-Forwarded-For: z\r\nX-T: kept\r\n\r\n`),
    gets: 200,
    app: /X-T: kept\r\n$/i,
    hidden: /: [yz]\r\n/,
  },
  { rule: 'R23 a length in trailers', sends: chunks('0\r\nContent-Length: 9\r\n\r\n'), gets: 400 },
  { rule: 'R23 a coding in trailers', sends: chunks('0\r\nTransfer-Encoding: z\r\n\r\n'), gets: 400 },
  { rule: 'R20 trailers too large', sends: chunks(`0\r\nA: ${'x'.repeat(17 * 1024)}\r\n\r\n`), gets: 431 },
  { rule: 'R20 too many trailers', sends: chunks(`0\r\n${'A: b\r\n'.repeat(101)}\r\n`), gets: 431 },
  { rule: 'R24 Transfer_Encoding', sends: post('Transfer_Encoding: chunked\r\n'), gets: 400 },
  { rule: 'R24 Content_Length', sends: post('Content_Length: 3\r\n'), gets: 400 },
  ...['GET', 'DELETE', 'OPTIONS'].map((method) => ({
    rule: `R25 ${method} with a body`,
    sends: `${method} /x HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\nabc`,
    gets: 200,
    app: new RegExp(`^${method} /x\\r\\n[\\s\\S]*Content-Length: 3\\r\\n[\\s\\S]*\\r\\n\\r\\nabc$`, 'i'),
  })),
  { rule: 'R27 pipelined requests', sends: get(), gets: 200, app: /^GET \/x\r\n/ },
  { rule: 'R29 octets above ASCII in a value', sends: get('X-L: caf\xe9\r\n'), gets: 200, app: /X-L: caf\xe9\r\n/i },
  {
    rule: 'R30 HTTP/1.0 closes',
    sends: `GET /x HTTP/1.0\r\n${host}\r\n`,
    gets: 200,
    app: /^GET \/x\r\n/,
    connection: 'closes',
  },
  {
    rule: 'R30 HTTP/1.0 with keep-alive',
    sends: `GET /x HTTP/1.0\r\n${host}Connection: keep-alive\r\n\r\n`,
    gets: 200,
    app: /^GET \/x\r\n/,
    connection: 'goes on',
  },
  { rule: 'R48 another expectation', sends: get('Expect: tea\r\n'), gets: 417 },
  {
    rule: 'R48 an expectation in HTTP/1.0',
    sends: `POST /x HTTP/1.0\r\n${host}Content-Length: 1\r\nExpect: tea\r\n\r\na`,
    gets: 200,
    app: /\r\n\r\na$/,
    connection: 'closes',
  },
  { rule: 'R44 TRACE', sends: `TRACE /x HTTP/1.1\r\n${host}\r\n`, gets: 405, connection: 'goes on' },
  { rule: 'R45 CONNECT', sends: `CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n`, gets: 405 },
  {
    rule: 'R84 a host that is not served',
    sends: 'GET /x HTTP/1.1\r\nHost: evil.example\r\n\r\n',
    gets: 421,
    connection: 'goes on',
  },
];

const apps = createSeeingApps();
let stage: Stage;
beforeAll(async () => {
  stage = await startStage(apps);
});
afterAll(() => stage.close());
beforeEach(() => {
  apps.seen.length = stage.log.length = 0;
});

describe.each(places)('%s over %s', (kind, transport) => {
  test.each(cases.filter(({ only }) => !only || only.includes(kind)))('$rule', async (row) => {
    const goesOn = (row.connection ?? (row.app ? 'goes on' : 'closes')) === 'goes on';
    const visitor = await stage.visit(kind, transport, row.sends + successor);
    if (goesOn) {
      await visitor.until('served /successor');
      visitor.halfClose();
    }
    const answers = readAnswers(await visitor.closed(), true);
    expect(answers.map(({ status }) => status)).toEqual(goesOn ? [row.gets, 200] : [row.gets]);
    if (!goesOn) expect(answers[0]!.field('connection')).toBe('close');
    // R26: what follows a request that was not understood is not served.
    expect(apps.seen.some(({ path }) => path === '/successor')).toBe(goesOn);
    const whole = apps.seen.filter(({ path, complete }) => path !== '/successor' && complete);
    expect(whole).toHaveLength(row.app ? 1 : 0);
    if (row.app) expect(whole[0]!.text).toMatch(row.app);
    if (row.hidden) expect(whole[0]!.text).not.toMatch(row.hidden);
    await vi.waitUntil(() => stage.log.length === (goesOn ? 2 : 1));
    expect(stage.log[0]).toMatchObject({ status: row.gets });
    await stage.healthy(kind, transport);
  });
});
