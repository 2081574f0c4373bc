import { once } from 'node:events';
import type { ByteSink } from '@reverse-http/protocol/mux';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RawVisitor } from '../support/raw-visitor.js';
import { readAnswer, readAnswers } from '../support/read-answers.js';
import { answerStream, answerText, readBody, startFront, type TestFront } from '../support/test-front.js';
import { untilStill } from '../support/until-still.js';

let front: TestFront;
afterEach(async () => {
  vi.useRealTimers();
  await front.close();
});

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

/** Sends until the gateway takes no more; gives what left. */
async function flood(visitor: RawVisitor, piece: string): Promise<number> {
  const { socket } = visitor;
  let sent = 0;
  const more = (): void => {
    do sent += piece.length;
    while (socket.write(piece) && sent < 2 * kernelBytes);
  };
  socket.on('drain', more);
  more();
  await untilStill(() => sent);
  socket.off('drain', more);
  return sent;
}

/** What a kernel holds of one connection at most, in both buffers. */
const kernelBytes = 10 * 1024 * 1024;

describe('back-pressure', () => {
  test('a body that nobody reads is not read from the visitor; read, it arrives whole', async () => {
    front = await startFront();
    const total = 32 * 1024 * 1024;
    const visitor = await front.connect(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${total}\r\n\r\n`);
    const visit = await front.next();
    const before = process.memoryUsage();
    visitor.send('x'.repeat(total));
    await untilStill(() => visitor.socket.writableLength);
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(total + 4 * 1024 * 1024); // The visitor's own copy.
    expect(visitor.socket.writableLength).toBeGreaterThan(total - kernelBytes);
    expect((await readBody(visit)).body.length).toBe(total);
  });

  test('requests behind the one being served are not read without bound', async () => {
    front = await startFront();
    const visitor = await front.connect(get('/'));
    const visit = await front.next();
    const sent = await flood(visitor, get('/more').repeat(2000));
    expect(sent).toBeLessThan(kernelBytes);
    expect(front.visits).toHaveLength(1);
    answerText(visit, 'one');
    answerText(await front.next(), 'two');
    await visitor.until('two');
  });

  test('answers that the visitor does not take hold up the requests behind', async () => {
    const body = 'x'.repeat(10_000);
    front = await startFront((visit) => visit.answer(200, '', body));
    const visitor = await front.connect();
    visitor.socket.pause();
    const sent = await flood(visitor, get('/').repeat(1000));
    const served = front.visits.length;
    expect(served * body.length).toBeLessThan(kernelBytes);
    expect(sent).toBeLessThan(kernelBytes);
    visitor.socket.resume();
    await visitor.until((length) => length > served * body.length * 2);
    expect(front.visits.length).toBeGreaterThan(served);
  });

  test('a visitor that closed its side meanwhile gets all the same', async () => {
    const body = 'x'.repeat(100_000);
    front = await startFront((visit) => visit.answer(200, '', body));
    const visitor = await front.connect();
    visitor.socket.pause();
    visitor.send(get('/').repeat(200));
    visitor.halfClose();
    await untilStill(() => front.visits.length);
    visitor.socket.resume();
    expect(readAnswers(await visitor.closed())).toHaveLength(200);
  });

  test('the sink asks for a pause, and tells when to go on', async () => {
    front = await startFront();
    const visitor = await front.connect(get('/', 'Connection: close\r\n'));
    const sink = answerStream(await front.next());
    visitor.socket.pause();
    const piece = Buffer.alloc(64 * 1024, 'y');
    let written = 0;
    const fill = (target: ByteSink): void => {
      do written += piece.length;
      while (target.write(piece) && written < 100 * 1024 * 1024);
    };
    fill(sink);
    expect(written).toBeLessThan(kernelBytes);
    const first = written;
    sink.onDrain = () => {
      if (written > first + 20 * 1024 * 1024) sink.end();
      else fill(sink);
    };
    visitor.socket.resume();
    const answer = readAnswer(await visitor.ended());
    expect(answer.body.length).toBe(written);
  });

  test('single bytes that wait do not each cost a buffer', async () => {
    front = await startFront();
    const visitor = await front.connect(get('/1'));
    const first = await front.next();
    const request = get('/2', `A: ${'x'.repeat(500)}\r\n`);
    for (const byte of request) {
      visitor.send(byte);
      await new Promise(setImmediate);
    }
    answerText(first, 'one');
    answerText(await front.next(), 'two');
    await visitor.until('two');
  });
});

describe('deadlines', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  const options = { headTimeoutMs: 10_000, keepAliveMs: 60_000 };

  test('a connection that says nothing is closed', async () => {
    front = await startFront(undefined, options);
    const visitor = await front.connect();
    visitor.send('GET'); // So that the gateway has surely seen the connection.
    const other = await front.connect(get('/'));
    await front.next();
    vi.advanceTimersByTime(9000);
    expect(visitor.ending).toBeUndefined();
    vi.advanceTimersByTime(3000);
    expect(readAnswer(await visitor.closed()).status).toBe(408);
    expect(other.ending).toBeUndefined();
  });

  test('R83 a head that does not come in time: 408, however its bytes trickle', async () => {
    front = await startFront(undefined, options);
    const visitor = await front.connect('GET / HTTP/1.1\r\n');
    const other = await front.connect(get('/'));
    await front.next();
    for (let i = 0; i < 11; i++) {
      visitor.send('A: b\r\n');
      vi.advanceTimersByTime(1000);
      await new Promise(setImmediate);
    }
    vi.advanceTimersByTime(1000);
    const answer = readAnswer(await visitor.closed());
    expect(answer.status).toBe(408);
    expect(answer.field('connection')).toBe('close');
    expect(other.ending).toBeUndefined();
  });

  test('an idle connection is closed without a word, and not before', async () => {
    front = await startFront((visit) => answerText(visit, 'ok'), options);
    const visitor = await front.connect(get('/'));
    await visitor.until('ok');
    vi.advanceTimersByTime(59_000);
    visitor.send(get('/'));
    await visitor.until(/ok.*ok/s);
    vi.advanceTimersByTime(59_000);
    await new Promise(setImmediate);
    expect(visitor.ending).toBeUndefined();
    vi.advanceTimersByTime(4000);
    expect(readAnswers(await visitor.closed())).toHaveLength(2);
    expect(visitor.ending).toBe('end');
  });

  test('a request that is served has no deadline', async () => {
    front = await startFront(undefined, options);
    const visitor = await front.connect(get('/'));
    const visit = await front.next();
    vi.advanceTimersByTime(3_600_000);
    answerText(visit, 'late');
    await visitor.until('late');
  });

  test('a body that nobody wants and that does not come', async () => {
    front = await startFront(undefined, options);
    const visitor = await front.connect('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n');
    const visit = await front.next();
    visit.stopReading();
    answerText(visit, 'early');
    await visitor.until('early');
    vi.advanceTimersByTime(12_000);
    await visitor.closed();
    expect(visitor.ending).toBe('end');
  });

  test('a visitor that does not close its side after an end is left', async () => {
    front = await startFront((visit) => answerText(visit, 'ok'), options);
    const visitor = await front.connect(get('/', 'Connection: close\r\n'), false);
    await visitor.ended();
    vi.advanceTimersByTime(65_000);
    while (!visitor.socket.closed) {
      visitor.send('x'); // Until it is answered with a reset.
      await new Promise(setImmediate);
    }
  });

  test('a slow reader of a last answer gets it whole', async () => {
    const body = 'z'.repeat(20 * 1024 * 1024);
    front = await startFront((visit) => visit.answer(200, '', body), options);
    const visitor = await front.connect(get('/', 'Connection: close\r\n'));
    visitor.socket.pause();
    await front.next();
    await untilStill(() => visitor.socket.bytesRead);
    vi.advanceTimersByTime(20_000); // Far longer than a visitor has that took everything.
    visitor.socket.resume();
    const answer = readAnswer(await visitor.closed());
    expect(answer.whole).toBe(true);
  });

  test('a visitor that takes no answers is left', async () => {
    front = await startFront((visit) => visit.answer(200, '', 'x'.repeat(100_000)), options);
    const visitor = await front.connect();
    visitor.socket.pause();
    visitor.send(get('/').repeat(500));
    await front.next();
    await untilStill(() => front.visits.length);
    expect(front.visits.length).toBeLessThan(500);
    vi.advanceTimersByTime(65_000);
    visitor.socket.resume();
    await visitor.closed();
    expect(front.visits.length).toBeLessThan(500);
  });
});

describe('R94 drain', () => {
  test('ends idle connections at once, running ones with their answer', async () => {
    front = await startFront();
    const idle = await front.connect(get('/1'));
    answerText(await front.next(), 'one');
    await idle.until('one');
    const busy = await front.connect(get('/2') + get('/3'));
    const visit = await front.next();
    const drained = front.drain(10_000);
    await idle.closed();
    expect(idle.ending).toBe('end');
    await expect(front.connect()).rejects.toThrow('ECONNREFUSED');
    answerText(visit, 'two');
    const answer = readAnswer(await busy.closed());
    expect(answer.field('connection')).toBe('close');
    expect(front.visits).toHaveLength(2);
    await drained;
  });

  test('a connection that was only just opened has its request answered, or ends without one', async () => {
    front = await startFront();
    const [quick, silent] = [await front.connect(), await front.connect()];
    // They are accepted in turn: when this one is served, so are they.
    await front.connect(get('/0'));
    answerText(await front.next(), 'zero');
    const drained = front.drain(10_000);
    quick.send(get('/1'));
    answerText(await front.next(), 'one');
    expect(readAnswer(await quick.closed()).field('connection')).toBe('close');
    await silent.closed();
    expect(silent.ending).toBe('end');
    await drained;
  });

  test('breaks off what is not done in time, without a clean end', async () => {
    front = await startFront();
    const visitor = await front.connect('GET / HTTP/1.0\r\n\r\n');
    const visit = await front.next();
    answerStream(visit).write(Buffer.from('partial'));
    await visitor.until('partial');
    await front.drain(10);
    await visitor.closed();
    expect(visitor.ending).toBe('ECONNRESET');
    expect(front.outcomes).toMatchObject([{ reason: 'draining' }]);
  });

  test('twice, the second time harder', async () => {
    front = await startFront();
    await front.connect(get('/'));
    await front.next();
    const gentle = front.drain(60_000);
    await front.drain(0);
    await gentle;
  });

  test('does not wait for a connection that was taken over', async () => {
    front = await startFront();
    const visitor = await front.connect(get('/', 'Connection: Upgrade\r\nUpgrade: echo\r\n').concat('early'));
    const { socket, head } = (await front.next()).takeSocket((bytes) => Buffer.from(bytes));
    expect(Buffer.from(head).toString()).toBe('early');
    socket.on('data', (bytes) => socket.write(bytes)).on('end', () => socket.end());
    visitor.send('echo');
    await front.drain(0);
    await visitor.until('echo');
    visitor.socket.destroy();
    await once(socket, 'close');
  });
});

test('maxConnections: more are closed at once', async () => {
  front = await startFront((visit) => answerText(visit, 'ok'), { maxConnections: 1 });
  const first = await front.connect(get('/'));
  await first.until('ok');
  const second = await front.connect(get('/'));
  await second.closed();
  expect(second.text()).toBe('');
  first.send(get('/'));
  await first.until(/ok.*ok/s);
});

test("a port that is taken is Node's own error", async () => {
  front = await startFront();
  await expect(startFront(undefined, { port: Number(new URL(front.url).port) })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});
