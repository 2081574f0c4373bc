import { afterEach, expect, test } from 'vitest';
import { readAnswer } from '../support/read-answers.js';
import { startFront, type TestFront } from '../support/test-front.js';

let front: TestFront;
afterEach(() => front.close());

const long = 'x'.repeat(20_000);
/** Rule, what the visitor sends (Host, empty line and a second request follow where it ends with a line), status, reason, word of the detail. */
const refusals: [string, string, number, string, RegExp][] = [
  [
    'R1 length and coding',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n',
    400,
    'bad-request',
    /together/,
  ],
  [
    'R2 two lengths',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n',
    400,
    'bad-request',
    /Content-Length/,
  ],
  ['R2 a list', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n', 400, 'bad-request', /Content-Length/],
  ['R2 a sign', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n', 400, 'bad-request', /Content-Length/],
  [
    'R2 overflow',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n',
    400,
    'bad-request',
    /Content-Length/,
  ],
  [
    'R3 chunked not last',
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n',
    400,
    'bad-request',
    /Transfer-Encoding/,
  ],
  [
    'R3 xchunked',
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n',
    400,
    'bad-request',
    /Transfer-Encoding/,
  ],
  [
    'R4 gzip, chunked',
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n',
    501,
    'not-implemented',
    /coding/,
  ],
  ['R5 coding in 1.0', 'POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n', 400, 'bad-request', /1\.0/],
  ['R6 space before colon', 'GET / HTTP/1.1\r\nHost : x\r\n', 400, 'bad-request', /token/],
  ['R6 folding', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n', 400, 'bad-request', /token/],
  ['R7 bare LF', 'GET / HTTP/1.1\nHost: x\n', 400, 'bad-request', /CRLF/],
  ['R7 NUL', 'GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n', 400, 'bad-request', /byte/],
  ['R8 no Host', 'GET / HTTP/1.1\r\nA: b\r\n', 400, 'bad-request', /Host/],
  ['R8 two Hosts', 'GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n', 400, 'bad-request', /Host/],
  ['R9 userinfo', 'GET / HTTP/1.1\r\nHost: u@x\r\n', 400, 'bad-request', /Host/],
  ['R10 HTTP/2.0', 'GET / HTTP/2.0\r\nHost: x\r\n', 505, 'version-not-supported', /HTTP\/1\.1/],
  ['R10 0.9', 'GET /\r\n', 400, 'bad-request', /./],
  ['R13 double space', 'GET  / HTTP/1.1\r\nHost: x\r\n', 400, 'bad-request', /./],
  ['R15 raw non-ASCII', 'GET /\xe4 HTTP/1.1\r\nHost: x\r\n', 400, 'bad-request', /target/],
  ['R17 GET *', 'GET * HTTP/1.1\r\nHost: x\r\n', 400, 'bad-request', /OPTIONS/],
  ['R19 a long target', `GET /${long} HTTP/1.1\r\nHost: x\r\n`, 414, 'target-too-long', /long/],
  ['R20 a large head', `GET / HTTP/1.1\r\nHost: x\r\nA: ${long}\r\nB: ${long}\r\n`, 431, 'head-too-large', /large/],
  ['R20 many fields', `GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(200)}`, 431, 'head-too-large', /fields/],
  ['R24 Content_Length', 'POST / HTTP/1.1\r\nHost: x\r\nContent_Length: 3\r\n', 400, 'bad-request', /framing/],
  ['R48 another expectation', 'GET / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n', 417, 'expectation-failed', /expectation/],
  ['TLS on a plain port', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n', 400, 'bad-request', /method/],
];

test.each(refusals)('%s: an exact answer, then the end', async (_, request, status, reason, detail) => {
  front = await startFront((visit) => visit.answer(200, '', 'must not be served'));
  const visitor = await front.connect(`${request}\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n`);
  const answer = readAnswer(await visitor.closed());
  expect(answer).toMatchObject({ status, whole: true });
  expect(answer.field('content-type')).toBe('application/problem+json');
  expect(answer.field('cache-control')).toBe('no-store');
  expect(answer.field('connection')).toBe('close');
  expect(answer.field('proxy-status')).toMatch(new RegExp(`^rhttp; error=http_request_error; details="${reason}"$`));
  const problem = JSON.parse(answer.body);
  expect(problem).toMatchObject({ type: `/.well-known/reverse-http/problems/${reason}`, status, delivered: 'no' });
  expect(problem.detail).toMatch(detail);
  expect(answer.field('x-request-id')).toBe(problem.requestId);
  expect(problem.instance).toBe(problem.requestId);
  expect(visitor.ending).toBe('end');
  expect(front.visits).toHaveLength(0);
  expect(front.outcomes).toMatchObject([{ status, reason }]);
});

test.each(refusals.slice(0, 6))('%s behind a good request: that one is answered first', async (_, request, status) => {
  front = await startFront((visit) => visit.answer(200, '', 'fine'));
  const visitor = await front.connect(`GET /1 HTTP/1.1\r\nHost: x\r\n\r\n${request}\r\n`);
  const text = await visitor.closed();
  expect(text.indexOf('fine')).toBeGreaterThan(0);
  expect(text.indexOf(`HTTP/1.1 ${status} `)).toBeGreaterThan(text.indexOf('fine'));
});

test('R85 a browser gets a page that says the same, HEAD gets no body', async () => {
  front = await startFront((visit) => visit.fail('no-connector', { detail: 'Target "<b>" has none.' }));
  const visitor = await front.connect('GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html,*/*\r\n\r\n');
  const answer = readAnswer(await visitor.until('</html>'));
  expect(answer.status).toBe(503);
  expect(answer.field('content-type')).toBe('text/html; charset=utf-8');
  expect(answer.field('retry-after')).toBe('5');
  expect(answer.body).toContain('503 No connector');
  expect(answer.body).toContain('Target &#34;&#60;b&#62;&#34; has none.');
  expect(answer.body).toContain(answer.field('x-request-id'));
  const head = await front.connect('HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n');
  const text = await head.until('requestId');
  expect(text).toMatch(/^HTTP\/1\.1 503 [^{]*\r\n\r\nHTTP\/1\.1 503 /);
});

test('R86 delivered tells how far a request got', async () => {
  front = await startFront((visit) => visit.fail('connector-lost', { delivered: 'unknown', fields: 'X-More: 1\r\n' }));
  const visitor = await front.connect('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const answer = readAnswer(await visitor.until('requestId'));
  expect(answer.field('proxy-status')).toBe('rhttp; error=connection_terminated; details="connector-lost"');
  expect(answer.field('x-more')).toBe('1');
  expect(JSON.parse(answer.body)).toMatchObject({ status: 502, delivered: 'unknown', title: 'Connector lost' });
});

test('a head byte by byte is refused as soon as it is bad, a whole one served', async () => {
  front = await startFront((visit) => visit.answer(200, '', 'fine'));
  const good = await front.connect();
  for (const byte of 'GET / HTTP/1.1\r\nHost: x\r\n\r\n') {
    good.send(byte);
    await new Promise(setImmediate);
  }
  await good.until('fine');
  const bad = await front.connect();
  for (const byte of 'GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n') {
    if (bad.ending === undefined) bad.send(byte);
    await new Promise(setImmediate);
  }
  expect(readAnswer(await bad.closed()).status).toBe(400);
});
