import { latin1Bytes } from '@reverse-http/protocol/http1';
import { afterEach, describe, expect, test } from 'vitest';
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
const post = (framing: string, body = ''): string => `POST / HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\n${body}`;
const chunked = 'Transfer-Encoding: chunked';

describe('a request body', () => {
  test('R25 by length, with any method, and the next request behind it', async () => {
    for (const method of ['POST', 'GET', 'HEAD', 'DELETE', 'OPTIONS', 'BREW']) {
      front = await startFront();
      const visitor = await front.connect(
        `${method} / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello${get('/2')}`,
      );
      const visit = await front.next();
      expect(await readBody(visit)).toEqual({ body: 'hello', trailers: undefined, aborted: undefined });
      answerText(visit, 'one');
      answerText(await front.next(), 'two');
      const answers = readAnswers(await visitor.until('two'), false, (i) => i === 0 && method === 'HEAD');
      expect(answers.map(({ body }) => body)).toEqual([method === 'HEAD' ? '' : 'one', 'two']);
      await front.close();
    }
  });

  test('R22 in chunks; extensions are ignored, R53 trailers are given apart, R23 forbidden ones are not', async () => {
    front = await startFront();
    const trailers = 'X-Sum: 1\r\nHost: evil\r\nAuthorization: x\r\nCookie: a\r\nX-Last: 2\r\n';
    await front.connect(post(chunked, `5;x="y"\r\nhello\r\nA\r\n, visitors\r\n0\r\n${trailers}\r\n`));
    expect(await readBody(await front.next())).toEqual({
      body: 'hello, visitors',
      trailers: 'X-Sum: 1\r\nX-Last: 2\r\n\r\n',
      aborted: undefined,
    });
  });

  test('of 1 MiB arrives whole, byte by byte or not', async () => {
    front = await startFront();
    const body = 'x'.repeat(1024 * 1024);
    await front.connect(post(`Content-Length: ${body.length}`, body));
    expect((await readBody(await front.next())).body === body).toBe(true);
    await front.connect(post(chunked, `64\r\n${'y'.repeat(100)}\r\n`.repeat(10_000).concat('0\r\n\r\n')));
    expect((await readBody(await front.next())).body === 'y'.repeat(1_000_000)).toBe(true);
  });

  const faults: [string, string, number][] = [
    ['R21 a hexadecimal prefix', '0x3\r\nabc\r\n0\r\n\r\n', 400],
    ['R21 a sign', '+3\r\nabc\r\n0\r\n\r\n', 400],
    ['R21 a space', '3 \r\nabc\r\n0\r\n\r\n', 400],
    ['R21 an overflow', 'fffffffffffffffff\r\nabc', 400],
    ['R21 a spill', '3\r\nabcd\r\n0\r\n\r\n', 400],
    ['R21 LF only', '3\nabc\n0\n\n', 400],
    ['R22 a long extension', `3;${'x'.repeat(5000)}\r\nabc\r\n0\r\n\r\n`, 400],
    ['R23 framing in trailers', '0\r\nContent-Length: 3\r\n\r\n', 400],
    ['R23 too large a trailer section', `0\r\n${`X: ${'x'.repeat(1000)}\r\n`.repeat(20)}\r\n`, 431],
  ];
  test.each(faults)(
    'R26 %s before the answer: refused, closed, and nothing behind it is served',
    async (_, body, status) => {
      front = await startFront();
      const visitor = await front.connect(post(chunked, `2\r\nok\r\n${body}${get('/2')}`));
      const read = await readBody(await front.next());
      expect(read.aborted).toBe(status === 431 ? 'head-too-large' : 'bad-request');
      const answer = readAnswer(await visitor.closed());
      expect(answer).toMatchObject({ status, whole: true });
      expect(answer.field('connection')).toBe('close');
      expect(front.visits).toHaveLength(1);
    },
  );

  test('R26 a fault while the answer is under way breaks it off', async () => {
    front = await startFront();
    const visitor = await front.connect(post(chunked, '2\r\nok\r\n'));
    const visit = await front.next();
    const read = readBody(visit);
    answerStream(visit).write(latin1Bytes('partial'));
    await visitor.until('partial');
    visitor.send('nonsense');
    expect((await read).aborted).toBe('bad-request');
    expect(readAnswer(await visitor.closed()).whole).toBe(false);
  });

  test('R67 a visitor that dies before the end of its body: an abort, not a short body', async () => {
    for (const framing of ['Content-Length: 10', chunked]) {
      front = await startFront();
      const visitor = await front.connect(post(framing, framing === chunked ? '5\r\nhello\r\n' : 'hello'));
      const read = readBody(await front.next());
      visitor.halfClose();
      expect(await read).toMatchObject({ aborted: 'visitor-gone', body: 'hello' });
      expect(await visitor.closed()).toBe('');
      await front.close();
    }
  });

  test('R66 a visitor that closes its side behind a whole body is answered', async () => {
    for (const request of [post('Content-Length: 5', 'hello'), post(chunked, '5\r\nhello\r\n0\r\n\r\n')]) {
      front = await startFront();
      const visitor = await front.connect(request);
      visitor.halfClose();
      const visit = await front.next();
      await visitor.until('102 Processing'); // The end was seen before anybody read the body.
      expect((await readBody(visit)).body).toBe('hello');
      answerText(visit, 'fine');
      expect(readAnswer(await visitor.closed())).toMatchObject({ body: 'fine', whole: true });
      await front.close();
    }
  });

  test('R67 chunks that end within the framing are not a whole body', async () => {
    front = await startFront();
    const visitor = await front.connect(post(chunked, '5\r\nhello\r\n0\r\n'));
    visitor.halfClose();
    expect((await readBody(await front.next())).aborted).toBe('visitor-gone');
  });
});

describe('an answer', () => {
  const framings: { head: string; method?: string; body?: string; lines: string[]; not?: string[] }[] = [
    { head: '200 OK\r\nContent-Length: 2', body: 'ok', lines: ['Content-Length: 2'], not: ['transfer-encoding'] },
    { head: '200 OK', body: 'ok', lines: ['Transfer-Encoding: chunked'], not: ['content-length'] },
    { head: '200 OK', body: '', lines: ['Content-Length: 0'], not: ['transfer-encoding'] },
    { head: '205 Reset Content', body: '', lines: ['Content-Length: 0'] },
    { head: '200 OK\r\nContent-Length: 2', method: 'HEAD', lines: ['Content-Length: 2'], not: ['transfer-encoding'] },
    { head: '200 OK', method: 'HEAD', lines: [], not: ['transfer-encoding', 'content-length'] },
    { head: '204 No Content\r\nContent-Length: 0', lines: [], not: ['content-length', 'transfer-encoding'] },
    { head: '304 Not Modified\r\nContent-Length: 9', lines: ['Content-Length: 9'], not: ['transfer-encoding'] },
    { head: '304 Not Modified', lines: [], not: ['transfer-encoding', 'content-length'] },
  ];
  test.each(framings)('R61 R62 $method $head "$body"', async ({ head, method = 'GET', body, lines, not = [] }) => {
    front = await startFront((visit, index) => {
      if (index === 1) return answerText(visit, 'next');
      const sink = visit.respond(scanAnswer(`HTTP/1.1 ${head}`), '', body === '');
      if (body === '') return;
      sink.write(latin1Bytes(body ?? 'must not be sent'));
      sink.end();
    });
    const visitor = await front.connect(`${method} / HTTP/1.1\r\nHost: x\r\n\r\n${get('/2')}`);
    const answers = readAnswers(await visitor.until('next'), false, (i) => i === 0 && method === 'HEAD');
    expect(answers[0]).toMatchObject({ status: Number(head.slice(0, 3)), body: body ?? '' });
    expect(answers[0]!.lines).toEqual(expect.arrayContaining(lines));
    for (const name of not) expect(answers[0]!.field(name)).toBeUndefined();
    expect(answers[1]!.body).toBe('next');
  });

  test.each(['HELO', 'HEAP', 'HELD', 'HxAD', 'xEAD', 'head', 'HEADS'])('%s is not HEAD', async (method) => {
    front = await startFront((visit) => answerText(visit, 'hello'));
    const visitor = await front.connect(`${method} / HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(readAnswer(await visitor.until('hello')).body).toBe('hello');
  });

  test('R53 trailers follow the chunks; a piece of any size arrives as it was', async () => {
    const sizes = [1, 4095, 4096, 4097, 70_000];
    front = await startFront((visit) => {
      const sink = answerStream(visit);
      for (const size of sizes) sink.write(new Uint8Array(size).fill(0x61));
      sink.write(new Uint8Array(0)); // Must not be written as the last chunk.
      sink.end(latin1Bytes('X-Sum: 1\r\nX-Two: 2\r\n\r\n'));
    });
    const visitor = await front.connect(get('/'));
    const answer = readAnswer(await visitor.until(/X-Two: 2\r\n\r\n$/));
    expect(answer.body.length).toBe(sizes.reduce((a, b) => a + b));
    expect(answer.trailers).toEqual(['X-Sum: 1', 'X-Two: 2']);
  });

  test('R68 the first byte is passed on without waiting for more', async () => {
    front = await startFront();
    const visitor = await front.connect(get('/'));
    const sink = answerStream(await front.next());
    for (const piece of ['a', 'b', 'c']) {
      sink.write(latin1Bytes(piece));
      await visitor.until(`1\r\n${piece}\r\n`);
    }
  });

  test('R63 interim heads are passed on in order, R30 but not to HTTP/1.0', async () => {
    front = await startFront((visit) => {
      visit.informational(scanAnswer('HTTP/1.1 102 Processing'));
      visit.informational(scanAnswer('HTTP/1.1 103 Early Hints\r\nLink: </a>'));
      visit.informational(scanAnswer('HTTP/1.1 104 Whatever'));
      answerText(visit, 'ok');
    });
    const visitor = await front.connect(get('/'));
    expect(readAnswers(await visitor.until('ok')).map(({ status }) => status)).toEqual([102, 103, 104, 200]);
    const old = await front.connect('GET / HTTP/1.0\r\n\r\n');
    expect(readAnswers(await old.closed()).map(({ status }) => status)).toEqual([200]);
  });

  test('R59 broken off mid-body never ends cleanly, whatever its framing', async () => {
    const framings: [string, string][] = [
      [get('/'), 'HTTP/1.1 200 OK\r\nContent-Length: 20'],
      [get('/'), 'HTTP/1.1 200 OK'],
      ['GET / HTTP/1.0\r\n\r\n', 'HTTP/1.1 200 OK'],
    ];
    for (const [request, head] of framings) {
      for (const way of ['abort', 'fail'] as const) {
        front = await startFront();
        const visitor = await front.connect(request);
        const visit = await front.next();
        visit.respond(scanAnswer(head), '', false).write(latin1Bytes('partial'));
        await visitor.until('partial');
        visit[way]('connector-lost');
        const answer = readAnswer(await visitor.closed(), visitor.ending === 'end');
        expect(answer.whole).toBe(false);
        expect(front.outcomes).toMatchObject([{ status: 200, reason: 'connector-lost', bytesOut: 7 }]);
        await front.close();
      }
    }
  });
});

describe('R28 R64 an answer before the request is whole', () => {
  test('a small rest is read and passed over, and the connection goes on', async () => {
    front = await startFront();
    const visitor = await front.connect(post('Content-Length: 50000', 'x'.repeat(1000)));
    const visit = await front.next();
    visit.stopReading();
    answerText(visit, 'early');
    await visitor.until('early');
    visitor.send('x'.repeat(49_000) + get('/2'));
    answerText(await front.next(), 'second');
    expect(readAnswers(await visitor.until('second'))).toHaveLength(2);
    expect(front.outcomes[0]).toMatchObject({ status: 200, reason: undefined });
  });

  test('a large one ends the connection, after the answer has arrived whole', async () => {
    front = await startFront();
    const visitor = await front.connect(post('Content-Length: 9000000000', 'x'.repeat(100_000)));
    const visit = await front.next();
    visit.fail('body-too-large');
    let failed = false;
    visitor.socket.on('error', () => {
      failed = true;
    });
    const piece = 'y'.repeat(64 * 1024);
    const upload = (): void => {
      while (!failed && visitor.socket.writable && visitor.socket.write(piece));
      if (!failed) visitor.socket.once('drain', upload);
    };
    upload();
    const answer = readAnswer(await visitor.ended());
    expect(answer).toMatchObject({ status: 413, whole: true });
    expect(front.visits).toHaveLength(1);
  });

  test('the server may go on reading after its answer', async () => {
    front = await startFront();
    const visitor = await front.connect(post('Content-Length: 10', 'hello'));
    const visit = await front.next();
    const read = readBody(visit);
    answerText(visit, 'early');
    await visitor.until('early');
    visitor.send(`world${get('/2')}`);
    expect((await read).body).toBe('helloworld');
    answerText(await front.next(), 'second');
    await visitor.until('second');
  });

  test('a visitor that leaves its upload after the answer: an abort', async () => {
    front = await startFront();
    const visitor = await front.connect(post('Content-Length: 10', 'hello'));
    const visit = await front.next();
    const read = readBody(visit);
    answerText(visit, 'early');
    await visitor.until('early');
    visitor.halfClose();
    expect((await read).aborted).toBe('visitor-gone');
    expect(readAnswer(await visitor.closed())).toMatchObject({ body: 'early', whole: true });
  });

  test('a malformed rest after the answer: the answer stays whole, nothing behind it is served', async () => {
    front = await startFront();
    const visitor = await front.connect(post(chunked, '2\r\nok\r\n'));
    const visit = await front.next();
    visit.stopReading();
    answerText(visit, 'early');
    await visitor.until('early');
    visitor.send(`nonsense\r\n\r\n${get('/2')}`);
    expect(readAnswer(await visitor.closed())).toMatchObject({ body: 'early', whole: true });
    expect(front.visits).toHaveLength(1);
  });
});

describe('Expect: 100-continue', () => {
  const expects = 'Content-Length: 5\r\nExpect: 100-continue';

  test('R46 the 100 comes from the server, and the body after it', async () => {
    front = await startFront();
    const visitor = await front.connect(post(expects));
    const visit = await front.next();
    expect(visit.head.expectContinue).toBe(true);
    visit.informational(scanAnswer('HTTP/1.1 100 Continue'));
    await visitor.until('100 Continue\r\n\r\n');
    visitor.send(`hello${get('/2')}`);
    expect((await readBody(visit)).body).toBe('hello');
    answerText(visit, 'one');
    answerText(await front.next(), 'two');
    expect(readAnswers(await visitor.until('two')).map(({ status }) => status)).toEqual([100, 200, 200]);
  });

  test('R47 a final answer without a 100 closes: nobody knows whether the body comes', async () => {
    front = await startFront();
    const visitor = await front.connect(post(expects));
    const visit = await front.next();
    const aborted = whenAborted(visit);
    answerText(visit, 'no');
    expect(await aborted).toBe('visitor-gone');
    const answer = readAnswer(await visitor.closed());
    expect(answer.field('connection')).toBe('close');
    expect(answer.whole).toBe(true);
  });

  test('R48 another expectation: 417', async () => {
    front = await startFront();
    const visitor = await front.connect(post('Content-Length: 5\r\nExpect: tea', 'hello'));
    expect(readAnswer(await visitor.closed()).status).toBe(417);
    expect(front.visits).toHaveLength(0);
  });
});
