import type { IncomingMessage, RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createMemoryPair, type MemoryPair } from './harness/memory-pair.js';
import { TestBody } from './harness/visitor.js';

let pair: MemoryPair;
afterEach(() => pair.close());
const serve = (handler: RequestListener): MemoryPair => {
  pair = createMemoryPair(handler);
  return pair;
};
/** Lets everything that is under way come to rest: both ends flush by setImmediate. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
};
const kilobytes = (count: number): Buffer => Buffer.alloc(count * 1024, 'x');

describe('a request body', () => {
  it('comes as it was sent, with its length, and is complete', async () => {
    let seen: IncomingMessage | undefined;
    const { visit } = serve(async (req, res) => {
      seen = req;
      const pieces: Buffer[] = [];
      for await (const piece of req) pieces.push(piece as Buffer);
      res.end(Buffer.concat(pieces));
    });
    const body = new TestBody().push('hello ').push('world').end();
    const answer = await visit({ method: 'POST', fields: [['Content-Length', '11']], body }).done();
    expect(answer.text).toBe('hello world');
    expect(seen?.complete).toBe(true);
    expect(seen?.rawTrailers).toEqual([]);
  });

  it('is echoed whole when larger than any window, with trailers both ways', async () => {
    let trailers: unknown;
    const { visit } = serve((req, res) => {
      res.setHeader('Trailer', 'X-Sum');
      req.on('end', () => {
        trailers = [req.rawTrailers, req.trailers];
        res.addTrailers({ 'X-Sum': '42' });
        res.end();
      });
      req.pipe(res, { end: false });
    });
    const body = new TestBody();
    const sent = Buffer.alloc(3_000_000);
    for (let i = 0; i < sent.length; i += 997) sent[i] = i % 251;
    for (let at = 0; at < sent.length; at += 100_000) body.push(sent.subarray(at, at + 100_000));
    body.end('X-Check: a\r\nx-check: b\r\n\r\n');
    const answer = await visit({ method: 'POST', body }).done();
    expect(answer.body.equals(sent)).toBe(true);
    expect(trailers).toEqual([['X-Check', 'a', 'x-check', 'b'], { 'x-check': 'a, b' }]);
    expect(answer.trailers).toEqual([['X-Sum', '42']]);
    expect(answer.head?.get('transfer-encoding')).toBeUndefined();
    expect(answer.head?.get('trailer')).toBe('X-Sum');
  });

  it('waits at the visitor while the handler does not read', async () => {
    let request: IncomingMessage | undefined;
    const { visit } = serve((req, res) => {
      request = req;
      req.on('end', () => res.end('read'));
    });
    const body = new TestBody().push(kilobytes(1024)).end();
    const answer = visit({ method: 'POST', body });
    await settle();
    expect(body.taken).toBe(64 * 1024);
    expect(request?.readableLength).toBeLessThanOrEqual(64 * 1024);
    // Reads a little: a little more comes, no more than a window (doubled once) and what the request itself may hold: a piece behind its mark.
    for (let read = 0; read < 96 * 1024; ) {
      const piece = request?.read(1024) as Buffer | null | undefined;
      if (piece) read += piece.length;
      else await settle();
    }
    await settle();
    expect(body.taken).toBeGreaterThan(96 * 1024);
    expect(body.taken).toBeLessThanOrEqual((96 + 128 + 128) * 1024);
    request?.resume();
    expect((await answer.done()).text).toBe('read');
    expect(body.taken).toBe(1024 * 1024);
  });

  it('need not be read for an answer to leave, and is refused then', async () => {
    const { visit, acceptor } = serve((_req, res) => res.writeHead(413).end('too much'));
    const body = new TestBody().push(kilobytes(1024));
    const answer = visit({ method: 'POST', body });
    await answer.done();
    expect([answer.head?.status, answer.text]).toEqual([413, 'too much']);
    await answer.until(({ stopped }) => stopped);
    expect(body.taken).toBeLessThan(1024 * 1024);
    expect(acceptor.active).toBe(0);
  });

  it('is still read after an early answer, if the handler reads', async () => {
    let received = 0;
    let ended: () => void = () => {};
    const whole = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const { visit } = serve((req, res) => {
      req.on('data', (piece: Buffer) => {
        received += piece.length;
      });
      req.on('end', ended);
      res.end('early');
    });
    const body = new TestBody().push(kilobytes(200));
    const answer = await visit({ method: 'POST', body }).done();
    expect(answer.text).toBe('early');
    body.push(kilobytes(100)).end();
    await whole;
    expect(received).toBe(300 * 1024);
    expect(answer.stopped).toBe(false);
  });
});

describe('an answer', () => {
  it('leaves piece by piece as it is written', async () => {
    let write: (text: string) => void = () => {};
    const { visit } = serve((_req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      res.flushHeaders();
      write = (text) => (text === '' ? res.end() : res.write(text));
    });
    const answer = visit();
    await answer.until(({ head }) => head !== undefined);
    for (const text of ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']) {
      write(text);
      const before = answer.pieces.length;
      await answer.until(({ pieces }) => pieces.length > before);
      expect(answer.pieces.at(-1)?.toString()).toBe(text);
    }
    write('');
    await answer.done();
  });

  it('holds its writer back at the high-water mark, and lets it go on', async () => {
    let written = 0;
    let refused = 0;
    const { visit } = serve((_req, res) => {
      const more = (): void => {
        while (written < 4 * 1024 * 1024) {
          written += 16 * 1024;
          if (res.write(kilobytes(16))) continue;
          refused += 1;
          res.once('drain', more);
          return;
        }
        res.end();
      };
      more();
    });
    const answer = visit({ reads: false });
    await settle();
    expect(answer.received).toBe(64 * 1024);
    expect(written).toBeLessThanOrEqual((64 + 64 + 16) * 1024);
    expect(refused).toBeGreaterThan(0);
    answer.reads = true;
    answer.read();
    await answer.done();
    expect(answer.received).toBe(4 * 1024 * 1024);
  });

  it('comes from pipelines and iterables that await drain', async () => {
    const { visit } = serve(async (_req, res) => {
      // A refused write before the pipeline: a mark that it left behind would stop it for ever.
      if (!res.write(kilobytes(100))) await new Promise<void>((resolve) => res.once('drain', () => resolve()));
      expect(res.writableNeedDrain).toBe(false);
      await pipeline(
        Readable.from(
          (function* () {
            for (let i = 0; i < 50; i++) yield kilobytes(20);
          })(),
        ),
        res,
      );
    });
    const answer = await visit().done();
    expect(answer.received).toBe(1100 * 1024);
    expect(pair.failures).toEqual([]);
  });

  it('completes writes in order, and knows what waits', async () => {
    const order: string[] = [];
    const { visit } = serve((_req, res) => {
      res.write('a', () => order.push('a'));
      order.push(`waiting ${res.writableLength}`);
      // A large buffer is the writer's until its write is complete.
      const large = Buffer.alloc(100_000, 'b');
      res.write(large, () => {
        order.push('b');
        large.fill('X');
      });
      order.push(`waiting ${res.writableLength > 0}`);
      res.end('c', () => order.push('end'));
    });
    expect((await visit().done()).text).toBe(`a${'b'.repeat(100_000)}c`);
    await settle();
    expect(order).toEqual(['waiting 0', 'waiting true', 'a', 'b', 'end']);
  });

  it('may use any encoding', async () => {
    const { visit } = serve((_req, res) => {
      res.write('é', 'latin1');
      res.write('é', 'utf8');
      res.write('6869', 'hex');
      res.end('€');
    });
    const answer = await visit().done();
    expect(answer.body.toString('hex')).toBe('e9c3a96869e282ac');
    pair.close();
    serve((_req, res) => res.end('grün'));
    expect((await pair.visit().done()).text).toBe('grün');
  });
});
