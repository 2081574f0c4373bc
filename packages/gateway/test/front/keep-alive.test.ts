import { pathOf } from '@reverse-http/protocol/http1';
import { afterEach, describe, expect, test } from 'vitest';
import type { Visit } from '../../src/visit/visit.js';
import { readAnswer, readAnswers } from '../support/read-answers.js';
import { answerStream, answerText, readBody, startFront, type TestFront } from '../support/test-front.js';

let front: TestFront;
afterEach(() => front.close());

const echoPath = (visit: Visit): void => answerText(visit, pathOf(visit.head));
const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

describe('keep-alive', () => {
  test('requests one after another share a connection', async () => {
    front = await startFront(echoPath);
    const visitor = await front.connect(get('/1'));
    await visitor.until('/1');
    visitor.send(get('/2'));
    const answers = readAnswers(await visitor.until('/2'));
    expect(answers.map(({ body }) => body)).toEqual(['/1', '/2']);
    expect(answers[0]!.field('connection')).toBeUndefined();
  });

  test('Connection: close ends it, and no pipelined successor is processed', async () => {
    front = await startFront(echoPath);
    const visitor = await front.connect(get('/1', 'Connection: close\r\n') + get('/2'));
    const answer = readAnswer(await visitor.closed());
    expect(answer).toMatchObject({ status: 200, body: '/1', whole: true });
    expect(answer.field('connection')).toBe('close');
    expect(front.visits).toHaveLength(1);
    expect(visitor.ending).toBe('end');
  });

  const versions: { sent: string; connection: string | undefined; ends: boolean }[] = [
    { sent: '', connection: 'close', ends: true },
    { sent: 'Connection: keep-alive\r\n', connection: 'keep-alive', ends: false },
    { sent: 'Connection: close, keep-alive\r\n', connection: 'close', ends: true },
  ];
  test.each(versions)('R30 HTTP/1.0 with "$sent" is answered with $connection', async ({ sent, connection, ends }) => {
    front = await startFront(echoPath);
    const visitor = await front.connect(`GET /1 HTTP/1.0\r\n${sent}\r\n`);
    const text = ends ? await visitor.closed() : await visitor.until('/1');
    expect(readAnswer(text).field('connection')).toBe(connection);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    if (ends) return;
    visitor.send(get('/2'));
    expect(readAnswers(await visitor.until('/2'))[1]!.field('connection')).toBeUndefined();
  });

  test('R30 an HTTP/1.0 visitor gets no chunks, and the end of the connection ends the body', async () => {
    front = await startFront((visit) => {
      const sink = answerStream(visit);
      sink.write(Buffer.from('one '));
      sink.write(Buffer.from('two'));
      sink.end();
    });
    const visitor = await front.connect('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    const answer = readAnswer(await visitor.closed(), true);
    expect(answer).toMatchObject({ body: 'one two', whole: true });
    expect(answer.field('transfer-encoding')).toBeUndefined();
    expect(answer.field('connection')).toBe('close');
    expect(visitor.ending).toBe('end');
  });

  test('R11 a higher minor version is served as 1.1', async () => {
    front = await startFront(echoPath);
    const visitor = await front.connect('GET /1 HTTP/1.9\r\nHost: x\r\n\r\n');
    expect(readAnswer(await visitor.until('/1')).field('connection')).toBeUndefined();
  });

  test('R12 empty lines before a request are passed over', async () => {
    front = await startFront(echoPath);
    const visitor = await front.connect(`\r\n\r\n${get('/1')}\r\n${get('/2')}`);
    expect(readAnswers(await visitor.until('/2'))).toHaveLength(2);
  });
});

describe('R27 pipelining', () => {
  test('answers keep the order of their requests, whatever takes longer', async () => {
    front = await startFront();
    const visitor = await front.connect(get('/1') + get('/2') + get('/3'));
    for (const path of ['/1', '/2', '/3']) {
      const visit = await front.next();
      expect(pathOf(visit.head)).toBe(path);
      expect(front.visits.length).toBe(Number(path.slice(1))); // The next one waits.
      await new Promise(setImmediate);
      answerText(visit, path);
    }
    expect(readAnswers(await visitor.until('/3')).map(({ body }) => body)).toEqual(['/1', '/2', '/3']);
  });

  test('1,000 requests answered on the spot', async () => {
    front = await startFront(echoPath);
    const paths = Array.from({ length: 1000 }, (_, i) => `/${i}`);
    const visitor = await front.connect(paths.map((path) => get(path)).join(''));
    const text = await visitor.until('/999');
    expect(readAnswers(text).map(({ body }) => body)).toEqual(paths);
  });

  test('1,000 refused by the gateway on the spot', async () => {
    front = await startFront((visit) => visit.fail('no-route'));
    const visitor = await front.connect(get('/').repeat(1000));
    const text = await visitor.until('"requestId":"id-999"}\n');
    expect(readAnswers(text)).toHaveLength(1000);
  });

  test('requests cut into pieces anywhere', async () => {
    const bodies: string[] = [];
    front = await startFront((visit) => {
      void readBody(visit).then(({ body }) => {
        bodies.push(body);
        answerText(visit, pathOf(visit.head));
      });
    });
    const requests =
      get('/1') +
      'POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello' +
      get('/3') +
      'POST /4 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n' +
      get('/5');
    for (let step = 1; step < 100; step += step < 12 ? 1 : 13) {
      bodies.length = 0;
      const visitor = await front.connect();
      for (let at = 0; at < requests.length; at += step) {
        visitor.send(requests.slice(at, at + step));
        await new Promise(setImmediate);
      }
      const text = await visitor.until('/5');
      expect(readAnswers(text).map(({ body }) => body)).toEqual(['/1', '/2', '/3', '/4', '/5']);
      expect(bodies).toEqual(['', 'hello', '', 'abc', '']);
      visitor.socket.destroy();
    }
  });

  test('a head that came in two pieces while the request before it was served', async () => {
    front = await startFront();
    const visitor = await front.connect(get('/1'));
    const first = await front.next();
    visitor.send('GET /2 HT');
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    visitor.send('TP/1.1\r\nHost: x\r\n\r\n');
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    answerText(first, 'one');
    answerText(await front.next(), 'two');
    expect(readAnswers(await visitor.until('two'))).toHaveLength(2);
  });
});
