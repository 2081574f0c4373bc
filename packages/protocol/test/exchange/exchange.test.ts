import { describe, expect, test } from 'vitest';
import { scanExchangeRequest } from '../../src/exchange/index.js';
import { type Asked, Head } from '../../src/http1/index.js';
import { maxHeadPayload } from '../../src/mux/index.js';
import { ByteBody } from '../sim/byte-body.js';
import { ExchangePair, head, text } from './exchange-pair.js';

const get = head('GET / HTTP/1.1', 'Host: a');
const upgradeRequest = head('GET /ws HTTP/1.1', 'Host: a', 'Upgrade: websocket');
const connect = head('CONNECT b:443 HTTP/1.1', 'Host: b:443');
const requests = { none: get, upgrade: upgradeRequest, tunnel: connect };

function body(bytes: number, trailers?: string): ByteBody {
  const source = new ByteBody(1);
  source.add(bytes);
  source.finish(trailers === undefined ? undefined : text(trailers));
  return source;
}

/** What the opener hears of an answer given so. */
function answerTo(request: { isHead?: boolean; asks?: Asked }, lines: string[], answerBody?: ByteBody): string[] {
  const pair = new ExchangePair();
  const { heard } = pair.open(requests[request.asks ?? 'none'], undefined, request);
  pair.settle();
  const { exchange } = pair.accepted[0]!;
  exchange.sendHead(head(...lines), answerBody === undefined);
  if (answerBody) exchange.sendBody(answerBody);
  pair.settle();
  return heard.events;
}

describe('answers', () => {
  test.each([
    [{}, ['HTTP/1.1 204 No Content'], undefined, ['answer 204 ended']],
    [{}, ['HTTP/1.1 200 OK', 'Content-Length: 5'], 5, ['answer 200', 'body 5', 'end']],
    [{}, ['HTTP/1.1 200 OK'], 7, ['answer 200', 'body 7', 'end']],
    [{}, ['HTTP/1.1 200 OK', 'Content-Length: 0'], undefined, ['answer 200 ended']],
    [{ isHead: true }, ['HTTP/1.1 200 OK', 'Content-Length: 500'], undefined, ['answer 200 ended']],
    [{}, ['HTTP/1.1 304 Not Modified', 'Content-Length: 500'], undefined, ['answer 304 ended']],
    [{ asks: 'tunnel' }, ['HTTP/1.1 403 Forbidden', 'Content-Length: 5'], 5, ['answer 403', 'body 5', 'end']],
    [{ asks: 'tunnel' }, ['HTTP/1.1 407 No'], undefined, ['answer 407 ended']],
    [{}, ['HTTP/1.1 304 Not Modified', 'Content-Length: 500'], 0, ['answer 304', 'end']],
  ] as const)('%j %j with a body of %j', (request, lines, bytes, events) => {
    expect(answerTo(request, [...lines], bytes === undefined ? undefined : body(bytes))).toEqual(events);
  });

  test.each([
    ['a body shorter than its Content-Length', {}, ['HTTP/1.1 200 OK', 'Content-Length: 5'], undefined],
    ['a body shorter than its Content-Length', {}, ['HTTP/1.1 200 OK', 'Content-Length: 5'], 4],
    ['a body longer than its Content-Length', {}, ['HTTP/1.1 200 OK', 'Content-Length: 5'], 6],
    ['a body longer than its Content-Length', { isHead: true }, ['HTTP/1.1 200 OK', 'Content-Length: 5'], 5],
    ['a body longer than its Content-Length', {}, ['HTTP/1.1 204 No Content'], 5],
    ['a body longer than its Content-Length', {}, ['HTTP/1.1 304 Not Modified', 'Content-Length: 5'], 5],
    ['a framing field inside a session', {}, ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'], 5],
    ['a framing field inside a session', {}, ['HTTP/1.1 200 OK', 'Connection: close'], 5],
    ['a framing field inside a session', {}, ['HTTP/1.1 200 OK', 'Keep-Alive: timeout=5'], 5],
    ['an Upgrade field out of place', {}, ['HTTP/1.1 200 OK', 'Upgrade: h2c'], 5],
    ['a 101 without one', { asks: 'upgrade' }, ['HTTP/1.1 101 Switching'], 5],
    ['not asked for', {}, ['HTTP/1.1 101 Switching', 'Upgrade: websocket'], 5],
    ['not asked for', { asks: 'tunnel' }, ['HTTP/1.1 101 Switching', 'Upgrade: websocket'], 5],
    ['ends with its head', { asks: 'upgrade' }, ['HTTP/1.1 101 Switching', 'Upgrade: websocket'], undefined],
    ['ends with its head', { asks: 'tunnel' }, ['HTTP/1.1 200 OK'], undefined],
    ['an interim head out of place', {}, ['HTTP/1.1 103 Early Hints'], 5],
    ['more than one Content-Length', {}, ['HTTP/1.1 200 OK', 'Content-Length: 5', 'Content-Length: 5'], 5],
    ['a field name is not a token', {}, ['HTTP/1.1 200 OK', ':peer 1.2.3.4 5'], 5],
  ] as const)('fail for %s (%j %j)', (detail, request, lines, bytes) => {
    const events = answerTo(request, [...lines], bytes === undefined ? undefined : body(bytes));
    expect(events.at(-1)).toMatch(/^failed bad-answer: /);
    expect(events.at(-1)).toContain(detail);
  });

  test('interim heads come before the answer, and nothing after', () => {
    const pair = new ExchangePair();
    const { heard } = pair.open(get);
    pair.settle();
    const { exchange } = pair.accepted[0]!;
    exchange.sendInterim(head('HTTP/1.1 103 Early Hints', 'Link: </a>'));
    exchange.sendHead(head('HTTP/1.1 200 OK'), false);
    exchange.sendInterim(head('HTTP/1.1 103 Early Hints'));
    pair.settle();
    expect(heard.events).toEqual(['interim 103', 'answer 200', 'failed bad-answer: a second final head']);
  });

  test('a final head sent as interim fails', () => {
    const pair = new ExchangePair();
    const { heard } = pair.open(get);
    pair.settle();
    pair.accepted[0]!.exchange.sendInterim(head('HTTP/1.1 200 OK'));
    pair.settle();
    expect(heard.events).toEqual(['failed bad-answer: an interim head out of place']);
  });

  test('interim heads stop when the visitor does not take them', () => {
    const pair = new ExchangePair();
    const { heard, exchange } = pair.open(get);
    heard.keepsInterimCredit = true;
    pair.settle();
    const interim = head('HTTP/1.1 103 Early Hints', `Link: </${'a'.repeat(10_000)}>`);
    for (let i = 0; i < 20; i++) pair.accepted[0]!.exchange.sendInterim(interim);
    pair.settle();
    expect(heard.events.length).toBe(6);
    exchange.consumed(6 * interim.length);
    pair.settle();
    expect(heard.events.length).toBe(12);
  });

  test.each(['A: b\r\n\r\n', '\r\n'])('trailers %j pass', (trailers) => {
    const events = answerTo({}, ['HTTP/1.1 200 OK'], body(3, trailers));
    expect(events.at(-1)).toBe(`end ${trailers.trim()}`);
  });

  test.each([
    ['Content-Length: 4\r\n\r\n'],
    ['Transfer-Encoding: chunked\r\n\r\n'],
    ['Connection: x\r\n\r\n'],
    ['A: b\r\n'],
    ['A: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'],
    ['A: b\nC: d\r\n\r\n'],
    [' A: b\r\n\r\n'],
    [':target B\r\n\r\n'],
  ])('trailers %j fail', (trailers) => {
    const events = answerTo({}, ['HTTP/1.1 200 OK'], body(3, trailers));
    expect(events.at(-1)).toMatch(/^failed bad-answer: /);
  });

  test('after a 101 bytes flow both ways, whatever lengths were announced', () => {
    const pair = new ExchangePair();
    const up = new ByteBody(2);
    const request = head('GET /ws HTTP/1.1', 'Host: a', 'Upgrade: websocket', 'Content-Length: 0');
    const { heard, exchange } = pair.open(request, up, { asks: 'upgrade' });
    pair.settle();
    const { exchange: other, heard: otherHeard } = pair.accepted[0]!;
    expect(otherHeard.events).toEqual(['request upgrade']);
    other.sendHead(head('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket'), false);
    const down = body(9);
    other.sendBody(down);
    pair.settle();
    up.add(8);
    up.finish();
    exchange.wake();
    pair.settle();
    expect(heard.events).toEqual(['upgrade 101', 'body 9', 'end']);
    expect(otherHeard.events).toEqual(['request upgrade', 'body 8', 'end']);
  });

  test.each(['200 OK', '204 No Content', '299 Odd'])('R45 after a %s to CONNECT bytes flow both ways', (status) => {
    const pair = new ExchangePair();
    const up = new ByteBody(2);
    const request = head('CONNECT b:443 HTTP/1.1', 'Host: b:443', 'Content-Length: 0');
    const { heard, exchange } = pair.open(request, up, { asks: 'tunnel' });
    pair.settle();
    const { exchange: other, heard: otherHeard } = pair.accepted[0]!;
    other.sendHead(head(`HTTP/1.1 ${status}`, 'Content-Length: 1'), false);
    other.sendBody(body(9));
    pair.settle();
    up.add(8);
    up.finish();
    exchange.wake();
    pair.settle();
    expect(heard.events).toEqual([`upgrade ${status.slice(0, 3)}`, 'body 9', 'end']);
    expect(otherHeard.events).toEqual(['request upgrade', 'body 8', 'end']);
  });

  test('an answer’s head that fits no frame fails on both sides, and stops no other exchange', () => {
    const pair = new ExchangePair();
    const { heard } = pair.open(get);
    pair.settle();
    const { exchange, heard: otherHeard } = pair.accepted[0]!;
    exchange.sendHead(head('HTTP/1.1 200 OK', `A: ${'b'.repeat(maxHeadPayload)}`), true);
    pair.settle();
    expect(heard.events).toEqual(['failed bad-answer: the head does not fit a frame']);
    expect(otherHeard.events.at(-1)).toBe('aborted bad-answer: the head does not fit a frame');
  });
});

describe('requests', () => {
  test.each([
    [get, undefined, ['request ended']],
    [head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 5'), 5, ['request', 'body 5', 'end']],
    [head('POST / HTTP/1.1', 'Host: a'), 5, ['request', 'body 5', 'end']],
    [head('GET / HTTP/1.1', ':target A', ':unknown x y', 'Host: a'), undefined, ['request ended']],
    [
      head('GET / HTTP/1.1', 'Host: a', 'TE: trailers', 'Trailer: A', 'Expect: 100-continue'),
      undefined,
      ['request ended'],
    ],
    [upgradeRequest, undefined, ['request upgrade ended']],
    [connect, undefined, ['request upgrade ended']],
  ])('%#', (bytes, bodyBytes, events) => {
    const pair = new ExchangePair();
    pair.open(bytes, bodyBytes === undefined ? undefined : body(bodyBytes));
    pair.settle();
    expect(pair.accepted[0]!.heard.events).toEqual(events);
  });

  test.each([
    ['a body is missing', head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 5'), undefined],
    ['a body longer than its Content-Length', head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 5'), 6],
    ['a body shorter than its Content-Length', head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 5'), 4],
    ['a framing field inside a session', head('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'), 4],
    ['bytes after the head', text('GET / HTTP/1.1\r\nHost: a\r\n\r\nx'), undefined],
    ['empty lines before the head', text('\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'), undefined],
    ['the head does not end', text('GET / HTTP/1.1\r\nHost: a\r\n'), undefined],
    ['', text('GET / HTTP/1.1\nHost: a\n\n'), undefined],
    ['', text('GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n'), undefined],
    ['', text('GET / HTTP/1.1\r\nHost : a\r\n\r\n'), undefined],
    ['', text('GET / HTTP/1.1\r\n:\r\nHost: a\r\n\r\n'), undefined],
    ['', new Uint8Array(0), undefined],
  ])('fail for %j (%#)', (detail, bytes, bodyBytes) => {
    const pair = new ExchangePair();
    const { heard } = pair.open(bytes, bodyBytes === undefined ? undefined : body(bodyBytes));
    pair.settle();
    expect(heard.events.at(-1)).toMatch(/^failed bad-request: /);
    expect(heard.events.at(-1)).toContain(detail);
  });

  test('a head that fits no frame fails, undelivered', () => {
    const pair = new ExchangePair();
    const { heard, exchange } = pair.open(head('GET / HTTP/1.1', `A: ${'b'.repeat(maxHeadPayload)}`));
    expect(heard.events).toEqual(['failed head-too-large: the head does not fit a frame']);
    expect(exchange.delivered).toBe('no');
    pair.settle();
    expect(pair.accepted).toEqual([]);
  });

  test('random bytes as a head are read or refused', () => {
    const scratch = new Head();
    for (let seed = 1; seed < 3000; seed++) {
      const bytes = get.slice();
      bytes[(seed * 7919) % bytes.length] = seed & 0xff;
      const fault = scanExchangeRequest(scratch, bytes);
      if (fault === undefined) expect(scratch.end).toBe(bytes.length);
    }
  });
});

describe('how far a request got', () => {
  test('T19: no, unknown, started', () => {
    const pair = new ExchangePair();
    const { exchange } = pair.open(get);
    expect(exchange.delivered).toBe('no');
    pair.settle();
    expect(exchange.delivered).toBe('unknown');
    pair.accepted[0]!.exchange.sendInterim(head('HTTP/1.1 103 Early Hints'));
    pair.settle();
    expect(exchange.delivered).toBe('started');
  });

  test('a refusal means that it was not', () => {
    const pair = new ExchangePair({ maxStreams: 0 });
    const { exchange, heard } = pair.open(get);
    pair.settle();
    expect(heard.events).toEqual(['failed overloaded: ']);
    expect(exchange.delivered).toBe('no');
  });

  test('a connector that refuses before it answered says so, one that began cannot', () => {
    for (const begins of [false, true]) {
      const pair = new ExchangePair();
      const { exchange, heard } = pair.open(get);
      pair.settle();
      const { exchange: other } = pair.accepted[0]!;
      if (begins) other.sendInterim(head('HTTP/1.1 103 Early Hints'));
      other.abort('draining', 'bye');
      pair.settle();
      expect(heard.events.at(-1)).toBe(begins ? 'failed connector-lost: bye' : 'failed draining: bye');
      // The interim head that it began with never left, for a reset goes first.
      expect(exchange.delivered).toBe(begins ? 'unknown' : 'no');
    }
  });

  test('a failure before the answer leaves it unknown, a lost session too', () => {
    const pair = new ExchangePair();
    const failed = pair.open(get);
    const lost = pair.open(get);
    const queued = pair.pair;
    pair.settle();
    pair.accepted[0]!.exchange.abort('handler-failed');
    pair.settle();
    const waiting = pair.open(get);
    queued.opener.abort(2, 'lost');
    expect([failed, lost, waiting].map(({ exchange }) => exchange.delivered)).toEqual(['unknown', 'unknown', 'no']);
    expect(waiting.heard.events).toEqual(['failed connector-lost: lost']);
  });
});

describe('ends', () => {
  test('an answer that is whole before the request stops its reading', () => {
    const pair = new ExchangePair();
    const up = new ByteBody(1);
    up.add(1000 * 1000);
    const { heard, exchange } = pair.open(head('POST / HTTP/1.1', 'Host: a'), up);
    pair.settle();
    const { exchange: other } = pair.accepted[0]!;
    other.sendHead(head('HTTP/1.1 413 Too Large'), true);
    other.stopReading();
    pair.settle();
    expect(heard.events).toEqual(['answer 413 ended', 'stop']);
    exchange.wake();
    expect([pair.pair.opener.size, pair.pair.acceptor.size]).toEqual([0, 0]);
  });

  test('an aborted exchange hears nothing more; the other side hears why', () => {
    const pair = new ExchangePair();
    const { heard, exchange } = pair.open(get);
    pair.settle();
    const { exchange: other, heard: otherHeard } = pair.accepted[0]!;
    exchange.abort('visitor-gone', 'left');
    other.sendHead(head('HTTP/1.1 200 OK'), true);
    pair.settle();
    expect(heard.events).toEqual([]);
    expect(otherHeard.events).toEqual(['request ended', 'aborted visitor-gone: left']);
    expect(other.closed).toBe(true);
  });
});
