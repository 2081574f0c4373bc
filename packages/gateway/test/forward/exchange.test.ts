import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readAnswer, readAnswers } from '../support/read-answers.js';
import { type ScriptedConnector, sourceOf, stuckSource } from '../support/scripted-connector.js';
import { members, startGateway, type TestGateway, until } from '../support/test-gateway.js';
import { untilStill } from '../support/until-still.js';

let it: TestGateway;
let connector: ScriptedConnector;
beforeEach(async () => {
  it = await startGateway();
  connector = await it.connect();
});
afterEach(() => it.close());

const post = (framing: string, body = ''): string =>
  `POST /gw/A/ HTTP/1.1\r\nHost: localhost\r\n${framing}\r\n\r\n${body}`;
const upgradeLines = 'Connection: Upgrade\r\nUpgrade: echo\r\n';
const granted = '101 Switching Protocols\r\nUpgrade: echo';

function chunksOf(text: string, size: number): string {
  let chunks = '';
  for (let at = 0; at < text.length; at += size) {
    const piece = text.slice(at, at + size);
    chunks += `${piece.length.toString(16)}\r\n${piece}\r\n`;
  }
  return chunks;
}

describe('bodies', () => {
  const mebibyte = Array.from({ length: 65_536 }, (_, i) => i.toString(16).padStart(16, '.')).join('');

  test('1 MiB of request in both framings, R53 with trailers', async () => {
    await it.visit(post(`Content-Length: ${mebibyte.length}`, mebibyte));
    const first = await connector.next();
    expect(first.all('content-length')).toEqual([String(mebibyte.length)]);
    expect((await first.whole).body === mebibyte).toBe(true);
    await it.visit(
      post('Transfer-Encoding: chunked', `${chunksOf(mebibyte, 5000)}0\r\nX-Sum: 1\r\nHost: evil\r\n\r\n`),
    );
    const second = await connector.next();
    expect(second.all('transfer-encoding')).toEqual([]);
    const { body, trailers } = await second.whole;
    expect(body === mebibyte).toBe(true);
    expect(trailers).toBe('X-Sum: 1\r\n\r\n');
  });

  test('1 MiB of answer in all framings, one after another on a connection', async () => {
    const visitor = await it.get();
    (await connector.next()).answer('200 OK\r\nContent-Length: LENGTH', mebibyte);
    await visitor.until((length) => length > mebibyte.length);
    await visitor.until(new RegExp(`${mebibyte.slice(-16)}$`));
    visitor.send('GET /gw/A/ HTTP/1.1\r\nHost: localhost\r\n\r\n');
    (await connector.next()).answer('200 OK', mebibyte, 'X-Sum: 1\r\n\r\n');
    await visitor.until(/X-Sum: 1\r\n\r\n$/);
    visitor.send('GET /gw/A/ HTTP/1.0\r\nHost: localhost\r\n\r\n');
    (await connector.next()).answer('200 OK', mebibyte, 'X-Sum: 1\r\n\r\n');
    const answers = readAnswers(await visitor.closed(), visitor.ending === 'end');
    expect(answers.map(({ body, whole }) => whole && body === mebibyte)).toEqual([true, true, true]);
    expect(answers.map(({ trailers }) => trailers)).toEqual([[], ['X-Sum: 1'], []]);
  });

  test('R64 an early answer while the upload runs: the connector reads on, or stops it', async () => {
    const visitor = await it.visit(post('Content-Length: 100000', 'x'.repeat(50_000)));
    const request = await connector.next();
    request.answer('200 OK\r\nContent-Length: LENGTH', 'early');
    await visitor.until('early');
    visitor.send('x'.repeat(50_000));
    expect((await request.whole).body.length).toBe(100_000);
    visitor.send(post('Content-Length: 100000', 'x'.repeat(50_000)));
    const second = await connector.next();
    second.exchange.stopReading();
    second.answer('413 Too Much\r\nContent-Length: LENGTH', 'enough');
    await visitor.until('enough');
    visitor.send(`${'x'.repeat(50_000)}GET /gw/A/third HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    expect((await connector.next()).line).toBe('GET /third HTTP/1.1');
  });

  test('R46 R47 Expect: 100-continue from end to end', async () => {
    const visitor = await it.visit(post('Content-Length: 5\r\nExpect: 100-continue'));
    const request = await connector.next();
    request.interim('100 Continue');
    await visitor.until('HTTP/1.1 100 Continue\r\n\r\n');
    visitor.send('hello');
    expect((await request.whole).body).toBe('hello');
    request.answer('204 No Content');
    expect(readAnswers(await visitor.until('204')).map(({ status }) => status)).toEqual([100, 204]);
  });

  test('a slow visitor holds up the connector, not the gateway', async () => {
    const visitor = await it.get();
    visitor.socket.pause();
    let given = 0;
    const piece = Buffer.alloc(64 * 1024, 'z');
    const total = 64 * 1024 * 1024;
    (await connector.next()).answer('200 OK', {
      read(into, at, end) {
        const count = Math.min(end - at, piece.length, total - given);
        into.set(piece.subarray(0, count), at);
        given += count;
        return count;
      },
      get ended() {
        return given === total;
      },
      trailers: undefined,
    });
    await untilStill(() => given);
    expect(given).toBeLessThan(32 * 1024 * 1024);
    visitor.socket.destroy();
    await until(() => members(it.gateway)[0]!.running === 0);
  });
});

describe('R65 a visitor that leaves', () => {
  test('before the answer, mid-answer, mid-upload: the handler hears', async () => {
    const first = await it.get('', '/gw/A/1');
    const waiting = await connector.next();
    first.socket.destroy();
    const second = await it.get('', '/gw/A/2');
    const answering = await connector.next();
    answering.answer('200 OK', stuckSource('partial'));
    await second.until('partial');
    second.socket.destroy();
    const third = await it.visit(post('Content-Length: 100', 'hello'));
    const uploading = await connector.next();
    await uploading.until('hello');
    third.socket.resetAndDestroy();
    await until(() => members(it.gateway)[0]!.running === 0);
    await until(() => connector.session.mux.size === 0);
    for (const request of [waiting, answering]) expect(request.exchange.closed).toBe(true);
    expect((await uploading.whole).aborted).toBe('visitor-gone');
  });
});

describe('upgrades', () => {
  test('R74 R75 R76 bytes and ends pass both ways', async () => {
    const visitor = await it.visit(`GET /gw/A/ HTTP/1.1\r\nHost: localhost\r\n${upgradeLines}\r\nearly `);
    const request = await connector.next();
    request.answer(`${granted}\r\nX-A: 1`, stuckSource('from the server'));
    const text = await visitor.until('from the server');
    expect(text).toBe(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nX-A: 1\r\nConnection: Upgrade\r\n\r\nfrom the server',
    );
    visitor.send('late');
    visitor.halfClose();
    expect(await request.whole).toMatchObject({ body: 'early late' });
    request.exchange.abort('connector-lost');
    await visitor.closed();
    expect(visitor.ending).toBe('ECONNRESET');
  });

  test('R76 the server ends first', async () => {
    const visitor = await it.get(upgradeLines);
    const request = await connector.next();
    request.answer(granted, 'bye');
    expect(await visitor.ended()).toMatch(/bye$/);
    expect((await request.whole).body).toBe('');
    await visitor.closed();
    expect(visitor.ending).toBe('end');
  });

  test('R74 that are refused are ordinary answers', async () => {
    const visitor = await it.get(upgradeLines);
    (await connector.next()).answer('426 No\r\nContent-Length: LENGTH', 'no');
    await visitor.until(/no$/);
    visitor.send('GET /gw/A/2 HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const next = await connector.next();
    expect(next.line).toBe('GET /2 HTTP/1.1');
    next.answer('204 No Content');
    await until(() => members(it.gateway)[0]!.running === 0);
  });
});

describe('hostile answers', () => {
  const ok = '200 OK\r\nContent-Length: LENGTH';
  /** Rule; what the connector sends; 502 when it comes before the head is out, else a break. */
  const rows: [string, (request: Awaited<ReturnType<ScriptedConnector['next']>>) => void, RegExp][] = [
    ['R56 no HTTP', ({ exchange }) => exchange.sendHead(Buffer.from('SSH-2.0-OpenSSH\r\n\r\n'), true), /./],
    ['R56 a bare LF', (r) => r.answer('200 OK\r\nX-A: 1\nX-B: 2'), /./],
    ['R56 a folded field', (r) => r.answer('200 OK\r\nX-A: 1\r\n 2'), /./],
    ['R56 bytes behind the head', (r) => r.answer('200 OK\r\n\r\nHTTP/1.1 200 OK'), /after the head/],
    ['R55 status 999', (r) => r.answer('999 Odd'), /status/],
    ['R55 status 42', (r) => r.answer('42 Odd'), /status/],
    ['R55 an interim head as the final one', (r) => r.answer('103 Early Hints'), /interim/],
    ['R55 a final head as an interim one', (r) => r.interim('200 OK'), /interim/],
    ['R55 R74 a 101 that was not asked for', (r) => r.answer(granted, stuckSource('')), /upgrade/],
    ['R57 two lengths', (r) => r.answer('200 OK\r\nContent-Length: 1\r\nContent-Length: 1', 'x'), /Content-Length/],
    ['R57 Transfer-Encoding', (r) => r.answer('200 OK\r\nTransfer-Encoding: chunked', '0\r\n\r\n'), /framing/],
    ['R57 Connection', (r) => r.answer('200 OK\r\nConnection: close'), /framing/],
    ['R57 Upgrade in a 200', (r) => r.answer('200 OK\r\nUpgrade: h2c'), /Upgrade/],
    ['R58 a length and no body', (r) => r.answer('200 OK\r\nContent-Length: 5'), /shorter/],
    ['R69 a head that fits no frame', (r) => r.answer(`200 OK\r\nX: ${'x'.repeat(60_000)}`), /frame/],
    ['a reset without a reason', (r) => r.exchange.abort('visitor-gone'), /./],
  ];
  test.each(rows)('%s: 502, and the next request is served', async (_, send, detail) => {
    const visitor = await it.get();
    send(await connector.next());
    const text = await visitor.until('requestId');
    const answer = readAnswer(text);
    const { status } = answer;
    expect(status).toBe(502);
    expect(answer.field('proxy-status')).toBe('rhttp; error=http_protocol_error; details="bad-answer"');
    expect(JSON.parse(answer.body).detail).toMatch(detail);
    visitor.send('GET /gw/A/2 HTTP/1.1\r\nHost: localhost\r\n\r\n');
    (await connector.next()).answer(ok, 'fine');
    await visitor.until('fine');
    await until(() => members(it.gateway)[0]!.running === 0);
  });

  const breaks: [string, (request: Awaited<ReturnType<ScriptedConnector['next']>>) => void][] = [
    ['R58 a longer body', (r) => r.answer('200 OK\r\nContent-Length: 5', 'hello, and more')],
    ['R58 a shorter body', (r) => r.answer('200 OK\r\nContent-Length: 50', 'hello')],
    [
      'a second head',
      (r) => {
        r.answer('200 OK', stuckSource('hello'));
        r.exchange.sendHead(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), false);
      },
    ],
    ['R23 framing in trailers', (r) => r.answer('200 OK', 'hello', 'Content-Length: 1\r\n\r\n')],
    ['trailers that are none', (r) => r.answer('200 OK', 'hello', 'HTTP/1.1 200 OK\r\n\r\n')],
    [
      'R59 a reset',
      (r) => {
        r.answer('200 OK', stuckSource('hello'));
        setImmediate(() => r.exchange.abort('handler-failed'));
      },
    ],
  ];
  test.each(breaks)('%s: never a whole answer, nothing spills, and the next visitor is served', async (_, send) => {
    const visitor = await it.get();
    send(await connector.next());
    const text = await visitor.closed();
    const whole = text === '' ? false : readAnswers(text)[0]!.whole && readAnswers(text)[0]!.status === 200;
    expect(whole).toBe(false);
    expect(text).not.toContain('and more');
    const next = await it.get('', '/gw/A/2');
    (await connector.next()).answer(ok, 'fine');
    await next.until('fine');
    await until(() => members(it.gateway)[0]!.running === 0);
  });

  test('R61 a body after HEAD, 204 or 304 goes nowhere', async () => {
    for (const [method, status] of [
      ['HEAD', '200 OK'],
      ['GET', '204 No Content'],
      ['GET', '304 Not Modified'],
    ]) {
      const visitor = await it.visit(`${method} /gw/A/ HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      (await connector.next()).answer(status!, 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
      const text = await visitor.closed();
      expect(text).not.toContain('evil');
      expect(text.startsWith(`HTTP/1.1 ${status}\r\n`)).toBe(true); // So that nobody takes it for a request that was not seen.
    }
  });

  test('a flood of interim heads is passed on as fast as the visitor takes it, and no faster', async () => {
    const visitor = await it.get();
    visitor.socket.pause();
    const request = await connector.next();
    let left = 1500;
    const line = `103 Early Hints\r\nLink: <${'x'.repeat(10_000)}>`;
    while (left-- > 0) request.interim(line);
    request.answer(ok, 'done');
    await untilStill(() => visitor.socket.bytesRead);
    expect(connector.session.mux.size).toBe(1); // They wait there.
    visitor.socket.resume();
    await visitor.until((length) => length > 1500 * line.length);
    const answers = readAnswers(await visitor.until(/done$/));
    expect(answers).toHaveLength(1501);
  });
});

describe('the connector goes', () => {
  test('R59 mid-body: an abort', async () => {
    const visitor = await it.get();
    (await connector.next()).answer('200 OK', stuckSource('partial'));
    await visitor.until('partial');
    connector.close();
    expect(readAnswer(await visitor.closed()).whole).toBe(false);
  });

  test('R82 before the head: 502, and how far the request got', async () => {
    const visitor = await it.get();
    await connector.next();
    connector.close();
    const answer = readAnswer(await visitor.until('requestId'));
    expect(answer.status).toBe(502);
    expect(answer.field('proxy-status')).toMatch(/connection_terminated; details="connector-lost"/);
    expect(JSON.parse(answer.body).delivered).toBe('unknown');
  });

  test('R82 after an interim head: started', async () => {
    const visitor = await it.get();
    (await connector.next()).interim('102 Processing');
    await visitor.until('102');
    connector.close();
    expect(JSON.parse(readAnswer(await visitor.until('requestId')).body)).toMatchObject({ delivered: 'started' });
  });

  test('its WebSocket alone: the session waits for another one, and so do its exchanges', async () => {
    const visitor = await it.get();
    await connector.next();
    const closed = once(connector.webSocket, 'close');
    connector.webSocket.terminate();
    await closed;
    await until(() => members(it.gateway)[0]!.state === 'detached');
    expect(visitor.text()).toBe('');
  });
});

describe('resets', () => {
  const rows: [Parameters<Awaited<ReturnType<ScriptedConnector['next']>>['exchange']['abort']>[0], number, string][] = [
    ['connector-lost', 502, 'unknown'],
    ['handler-failed', 500, 'unknown'],
    ['bad-answer', 502, 'unknown'],
    ['origin-refused', 502, 'unknown'],
    ['upgrade-failed', 502, 'unknown'],
    ['idle-timeout', 504, 'unknown'],
    ['bad-request', 400, 'unknown'],
    ['body-too-large', 413, 'unknown'],
    ['overloaded', 503, 'no'],
  ];
  test.each(rows)('%s: %d, delivered %s', async (reason, status, delivered) => {
    const visitor = await it.get();
    (await connector.next()).exchange.abort(reason, 'it went wrong');
    const answer = readAnswer(await visitor.until('requestId'));
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ type: `/.well-known/reverse-http/problems/${reason}`, delivered });
    if (status === 503) expect(answer.field('retry-after')).toBe('1');
    else expect(JSON.parse(answer.body).detail).toBe('It went wrong.');
  });
});

describe('refused requests go elsewhere', () => {
  const long = 'y'.repeat(60 * 1024);

  const chunked = `${chunksOf(long, 1000)}0\r\nX-Sum: 1\r\n\r\n`;
  const bodies: ['overloaded' | 'draining', string, string, string][] = [
    ['overloaded', `Content-Length: ${long.length}`, long, ''],
    ['draining', 'Transfer-Encoding: chunked', chunked, 'X-Sum: 1\r\n\r\n'],
  ];
  test.each(bodies)('%s: with what was read of the body', async (reason, framing, sent, trailers) => {
    const other = await it.connect({ replica: 'r2' });
    const visitor = await it.visit(post(framing, sent));
    const first = await Promise.race([connector.next(), other.next()]);
    await first.until(long);
    first.exchange.abort(reason);
    await until(() => connector.requests.length + other.requests.length > 1);
    expect([connector, other].map(({ requests }) => requests.length)).toEqual([1, 1]);
    const second = [...connector.requests, ...other.requests].find((request) => request !== first)!;
    const whole = await second.whole;
    expect(whole.body === long).toBe(true);
    expect(whole.trailers).toBe(trailers);
    second.answer('200 OK\r\nContent-Length: LENGTH', 'fine');
    await visitor.until('fine');
  });

  test('beyond the first 64 KiB of the body not', async () => {
    const other = await it.connect({ replica: 'r2' });
    const visitor = await it.visit(post('Content-Length: 200000', 'y'.repeat(100_000)));
    const first = await Promise.race([connector.next(), other.next()]);
    await first.until('y'.repeat(100_000));
    first.exchange.abort('overloaded');
    const answer = readAnswer(await visitor.until('requestId'));
    expect(answer.status).toBe(503);
    expect(connector.requests.length + other.requests.length).toBe(1);
  });

  test('when all have refused, the visitor is told', async () => {
    const other = await it.connect({ replica: 'r2' });
    const visitor = await it.get();
    for (const { next } of [connector, other]) (await next()).exchange.abort('overloaded');
    expect(readAnswer(await visitor.until('requestId')).status).toBe(503);
    expect(connector.requests.length + other.requests.length).toBe(2);
  });

  test('an answer that began is no refusal, whatever the connector says', async () => {
    const other = await it.connect({ replica: 'r2' });
    const visitor = await it.get();
    const first = await Promise.race([connector.next(), other.next()]);
    first.interim('102 Processing');
    await visitor.until('102');
    first.exchange.abort('overloaded');
    const answer = readAnswer(await visitor.until('requestId'));
    expect(JSON.parse(answer.body).delivered).toBe('started');
    expect(connector.requests.length + other.requests.length).toBe(1);
  });
});

test('sourceOf gives trailers with its end', () => {
  expect(sourceOf('', 'A: b\r\n\r\n').ended).toBe(true);
});
