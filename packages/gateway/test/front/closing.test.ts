import { latin1Bytes } from '@reverse-http/protocol/http1';
import { afterEach, describe, expect, test } from 'vitest';
import type { Visit } from '../../src/visit/visit.js';
import { readAnswer, readAnswers } from '../support/read-answers.js';
import {
  answerStream,
  answerText,
  readBody,
  scanAnswer,
  startFront,
  type TestFront,
  whenAborted,
} from '../support/test-front.js';

let front: TestFront;
afterEach(() => front.close());

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
const upgrade = get('/', 'Connection: Upgrade\r\nUpgrade: echo\r\n');

describe('a visitor that leaves', () => {
  test('R65 with a reset: whoever serves it hears at once', async () => {
    front = await startFront();
    const visitor = await front.connect(get('/'));
    const aborted = whenAborted(await front.next());
    visitor.socket.resetAndDestroy();
    expect(await aborted).toBe('visitor-gone');
    expect(front.outcomes).toMatchObject([{ status: 0, reason: 'visitor-gone' }]);
  });

  test('R65 with an ordinary close before the answer: within a moment, although nothing is written', async () => {
    front = await startFront();
    const visitor = await front.connect(get('/'));
    const aborted = whenAborted(await front.next());
    visitor.socket.destroy();
    expect(await aborted).toBe('visitor-gone');
  });

  test('R65 with an ordinary close while a silent stream is open', async () => {
    front = await startFront();
    const visitor = await front.connect(get('/'));
    const visit = await front.next();
    const aborted = whenAborted(visit);
    answerStream(visit).write(latin1Bytes('event'));
    await visitor.until('event');
    visitor.socket.destroy();
    expect(await aborted).toBe('visitor-gone');
    expect(front.outcomes).toMatchObject([{ status: 200, reason: 'visitor-gone', bytesOut: 5 }]);
  });

  test.each(['before', 'during'])(
    'sent away with its listener, %s the answer: whoever serves it hears',
    async (when) => {
      front = await startFront();
      const visitor = await front.connect(get('/'));
      const visit = await front.next();
      const aborted = whenAborted(visit);
      if (when === 'during') answerStream(visit).write(latin1Bytes('event'));
      await front.drain(0);
      expect(await aborted).toBe('draining');
      expect(front.outcomes).toMatchObject([{ reason: 'draining' }]);
      await visitor.closed();
    },
  );

  test('is told of once, and can be answered without harm', async () => {
    front = await startFront();
    const visitor = await front.connect('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n');
    const visit = await front.next();
    let calls = 0;
    const aborted = new Promise<void>((resolve) => {
      visit.handler = {
        onBodyReadable() {},
        onAborted() {
          calls++;
          resolve();
        },
      };
    });
    visitor.socket.resetAndDestroy();
    await aborted;
    expect(visit.settled).toBe(true);
    visit.fail('bad-answer');
    visit.answer(200, '', 'late');
    visit.abort('bad-answer');
    visit.stopReading();
    expect(visit.informational(scanAnswer('HTTP/1.1 102 Processing'))).toBe(true);
    await front.drain(0);
    expect(calls).toBe(1);
    expect(front.outcomes).toHaveLength(1);
  });
});

describe('R66 a visitor that closes its side', () => {
  test('in the body of a request that is refused on the spot: nothing is waited for', async () => {
    const visits: Visit[] = [];
    front = await startFront((visit) => visits.push(visit) > 1 && visit.fail('wrong-host'), { headTimeoutMs: 60_000 });
    const post = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell';
    const visitor = await front.connect(get('/') + post);
    visitor.halfClose();
    await visitor.until('102 Processing');
    answerText(visits[0]!, 'one');
    expect(await visitor.closed()).toMatch(/one.*421 Misdirected Request/s);
  });

  test('before the answer is answered, and then the connection ends', async () => {
    front = await startFront();
    const visitor = await front.connect(get('/'));
    const visit = await front.next();
    visitor.halfClose();
    await visitor.until('HTTP/1.1 102 Processing\r\n\r\n'); // Asks whether it is there.
    answerText(visit, 'fine');
    const text = await visitor.closed();
    expect(readAnswer(text)).toMatchObject({ status: 200, body: 'fine', whole: true });
    expect(readAnswer(text).field('connection')).toBe('close');
    expect(visitor.ending).toBe('end');
    expect(front.outcomes).toMatchObject([{ status: 200, reason: undefined }]);
  });

  test('behind pipelined requests gets all of their answers', async () => {
    front = await startFront();
    const visitor = await front.connect(
      `${get('/1')}POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello${get('/3')}`,
    );
    visitor.halfClose();
    await front.next();
    await visitor.until('102 Processing');
    for (const [i, text] of ['one', 'two', 'three'].entries()) {
      const visit = i === 0 ? front.visits[0]! : await front.next();
      await readBody(visit);
      answerText(visit, text);
    }
    const answers = readAnswers(await visitor.closed()).filter(({ status }) => status === 200);
    expect(answers.map(({ body }) => body)).toEqual(['one', 'two', 'three']);
    expect(answers[2]!.field('connection')).toBe('close');
  });

  test('within a pipelined body loses that request alone', async () => {
    front = await startFront();
    const visitor = await front.connect(`${get('/1')}POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhello`);
    const first = await front.next();
    visitor.halfClose();
    await visitor.until('102 Processing');
    answerText(first, 'one');
    expect(await readBody(await front.next())).toMatchObject({ aborted: 'visitor-gone' });
    expect(readAnswer(await visitor.closed())).toMatchObject({ body: 'one', whole: true });
  });

  test('within a head, or before any byte, ends the connection', async () => {
    front = await startFront();
    for (const text of ['', 'GET / HT']) {
      const visitor = await front.connect(text);
      visitor.halfClose();
      expect(await visitor.closed()).toBe('');
      expect(visitor.ending).toBe('end');
    }
  });

  test('while its answer is under way counts as gone; what only the connection would end is reset', async () => {
    front = await startFront();
    const visitor = await front.connect('GET / HTTP/1.0\r\n\r\n', false);
    const visit = await front.next();
    const aborted = whenAborted(visit);
    answerStream(visit).write(latin1Bytes('partial'));
    await visitor.until('partial');
    visitor.halfClose();
    expect(await aborted).toBe('visitor-gone');
    await visitor.closed();
    expect(visitor.ending).toBe('ECONNRESET');
  });

  test('is asked a few times only', async () => {
    front = await startFront();
    const visitor = await front.connect('GET / HTTP/1.0\r\n\r\n');
    const visit = await front.next();
    visitor.halfClose(); // An HTTP/1.0 visitor knows no interim heads.
    await new Promise(setImmediate);
    answerText(visit, 'fine');
    expect(readAnswers(await visitor.closed())).toHaveLength(1);
  });
});

describe('an upgrade', () => {
  const granted = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo';

  test('R77 outlasts the timers of a connection', async () => {
    front = await startFront(undefined, { headTimeoutMs: 20, keepAliveMs: 20 });
    const visitor = await front.connect(upgrade);
    const visit = await front.next();
    const sink = visit.upgrade(scanAnswer(granted), '');
    const idle = await front.connect();
    expect(await idle.closed()).toBe('');
    sink.write(latin1Bytes('still here'));
    await visitor.until('still here');
    expect(visitor.ending).toBeUndefined();
  });

  test('R73 R75 bytes pass both ways, those with the handshake included', async () => {
    front = await startFront();
    const visitor = await front.connect(`${upgrade}with the handshake;`);
    const visit = await front.next();
    expect(visit.asksUpgrade).toBe(true);
    const read = readBody(visit);
    const sink = visit.upgrade(scanAnswer(granted), 'X-Added: 1\r\n');
    visit.handler.onBodyReadable();
    await visitor.until('X-Added: 1\r\nConnection: Upgrade\r\n\r\n');
    sink.write(latin1Bytes('from the server;'));
    await visitor.until('from the server;');
    visitor.send('GET / HTTP/1.1\r\n\r\n\0\xff');
    visitor.halfClose();
    expect((await read).body).toBe('with the handshake;GET / HTTP/1.1\r\n\r\n\0\xff');
    sink.write(latin1Bytes('after your end;'));
    sink.end();
    expect(await visitor.closed()).toMatch(/after your end;$/);
    expect(visitor.ending).toBe('end');
    await front.drain(0);
    expect(front.outcomes).toMatchObject([{ status: 101, reason: undefined, bytesOut: 31 }]);
  });

  test('R76 the server may end first', async () => {
    front = await startFront();
    const visitor = await front.connect(upgrade, false);
    const visit = await front.next();
    const read = readBody(visit);
    const sink = visit.upgrade(scanAnswer(granted), '');
    sink.end();
    await visitor.ended();
    visitor.send('still here');
    visitor.halfClose();
    expect((await read).body).toBe('still here');
  });

  test('R76 a visitor that closed its side before the 101', async () => {
    front = await startFront();
    const visitor = await front.connect(`${upgrade}all I have`);
    const visit = await front.next();
    visitor.halfClose();
    await visitor.until('102 Processing');
    const read = readBody(visit);
    const sink = visit.upgrade(scanAnswer(granted), '');
    visit.handler.onBodyReadable();
    expect(await read).toMatchObject({ body: 'all I have', aborted: undefined });
    sink.end(latin1Bytes(''));
    await visitor.closed();
  });

  test('R76 resets pass both ways', async () => {
    front = await startFront();
    const visitor = await front.connect(upgrade);
    const visit = await front.next();
    const aborted = whenAborted(visit);
    visit.upgrade(scanAnswer(granted), '');
    await visitor.until('101');
    visitor.socket.resetAndDestroy();
    expect(await aborted).toBe('visitor-gone');
    const other = await front.connect(upgrade);
    const second = await front.next();
    second.upgrade(scanAnswer(granted), '');
    await other.until('101');
    second.abort('connector-lost');
    await other.closed();
    expect(other.ending).toBe('ECONNRESET');
  });

  test('R74 that is refused is an ordinary answer, and the next request is served', async () => {
    front = await startFront();
    const visitor = await front.connect(upgrade + get('/2'));
    const visit = await front.next();
    answerText(visit, 'no');
    expect(visit.body?.ended).toBe(true);
    answerText(await front.next(), 'two');
    expect(readAnswers(await visitor.until('two')).map(({ body }) => body)).toEqual(['no', 'two']);
  });

  const ordinary: [string, string][] = [
    ['R72 h2c', get('/', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n')],
    ['R72 without Connection', get('/', 'Upgrade: websocket\r\n')],
    ['R72 on HTTP/1.0', 'GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
    ['R73 with a body', get('/', 'Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n').concat('hi')],
  ];
  test.each(ordinary)('%s is an ordinary request', async (_, request) => {
    front = await startFront();
    const visitor = await front.connect(request);
    const visit = await front.next();
    expect(visit.asksUpgrade).toBe(false);
    await readBody(visit);
    answerText(visit, 'fine');
    await visitor.until('fine');
  });
});
