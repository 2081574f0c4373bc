import { createHash, type Hash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { highWaterMark } from '../src/node/origin/answer-body.js';
import { createOriginPair, type OriginPair } from './harness/raw-origin.js';
import { TestBody, type TestVisit } from './harness/visitor.js';

let pair: OriginPair;
afterEach(() => pair.stop());

const mebibyte = 1024 * 1024;

/** So many bytes in pieces of odd lengths, and their hash. */
function* pieces(total: number, hash: Hash): Generator<Buffer> {
  const block = randomBytes(mebibyte);
  for (let left = total, i = 1; left > 0; i++) {
    const length = Math.min(left, 1 + ((i * 48_271) % 200_000));
    const piece = block.subarray(i % 1000, (i % 1000) + length);
    hash.update(piece);
    left -= length;
    yield piece;
  }
}

/** Hashes what comes instead of keeping it. */
function hashed(visit: TestVisit): Hash {
  const hash = createHash('sha256');
  const pieces = visit.pieces as Buffer[];
  pieces.push = (piece: Buffer) => {
    hash.update(piece);
    return 0;
  };
  return hash;
}

/** Lets everything settle that needs no further cause. */
async function settle(): Promise<void> {
  for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a body', () => {
  for (const chunked of [true, false]) {
    it(`of 100 MiB arrives whole, both ways at once${chunked ? ', in chunks' : ''}`, async () => {
      const size = 100 * mebibyte;
      const up = createHash('sha256');
      const down = createHash('sha256');
      const server = createServer((request: IncomingMessage, response) => {
        const read = new Promise((resolve) => request.on('data', (data: Buffer) => up.update(data)).on('end', resolve));
        if (!chunked) response.setHeader('Content-Length', size);
        // The last byte waits for the request's: an answer that is whole ends the upload.
        const source = pieces(size - 1, down);
        const next = (): void => {
          for (let { value, done } = source.next(); ; { value, done } = source.next()) {
            if (done) return void read.then(() => response.end(down.update('x') && 'x'));
            if (!response.write(value)) return void response.once('drain', next);
          }
        };
        next();
      });
      pair = await createOriginPair(undefined, { server });
      const sent = createHash('sha256');
      const body = new TestBody();
      const visit = pair.visit({
        method: 'PUT',
        body,
        ...(chunked ? {} : { fields: [['Content-Length', `${size}`]] }),
      });
      const got = hashed(visit);
      for (const piece of pieces(size, sent)) {
        body.push(piece);
        while (body.length > mebibyte) await new Promise((resolve) => setImmediate(resolve));
      }
      body.end();
      await visit.done();
      expect(visit.failure).toBeUndefined();
      expect(visit.received).toBe(size);
      expect(got.digest('hex')).toBe(down.digest('hex'));
      expect(up.digest('hex')).toBe(sent.digest('hex'));
    });
  }

  it('stays with an origin that does not read', async () => {
    pair = await createOriginPair((connection) => void connection.socket.pause());
    const body = new TestBody().push(Buffer.alloc(64 * mebibyte));
    pair.visit({ method: 'POST', body });
    await settle();
    // A window, and what the sockets hold of it.
    expect(body.taken).toBeLessThan(16 * mebibyte);
    expect(body.taken).toBeGreaterThan(0);
    const { taken } = body;
    await settle();
    expect(body.taken).toBe(taken);
    pair.connections[0]!.socket.resume();
    while (body.length > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('stays with the origin while the visitor does not read', async () => {
    let written = 0;
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write('HTTP/1.1 200 OK\r\n\r\n');
      const piece = Buffer.alloc(64 * 1024);
      const more = (): void => {
        while (connection.socket.write(piece)) written += piece.length;
        written += piece.length;
      };
      connection.socket.on('drain', more);
      more();
    });
    const visit = pair.visit({ reads: false });
    await visit.until(({ received }) => received >= 64 * 1024);
    await settle();
    const before = written;
    await settle();
    expect(written).toBe(before);
    // The visitor's window, our buffer, and what the system holds for a loopback connection.
    expect(visit.received).toBe(64 * 1024);
    expect(before).toBeLessThan(64 * 1024 + 2 * highWaterMark + 8 * mebibyte);
    visit.reads = true;
    visit.read();
    await visit.until(({ received }) => received > 32 * mebibyte);
    visit.exchange.abort('visitor-gone');
    await pair.connections[0]!.until(({ closed }) => closed);
    expect(pair.url.active).toBe(0);
  });

  it('that the visitor breaks off breaks off the origin’s request, not shorter and whole (R67)', async () => {
    pair = await createOriginPair();
    const body = new TestBody().push('some');
    const visit = pair.visit({ method: 'POST', body });
    const connection = await (await pair.connection(0)).until(({ received }) => received.endsWith('some\r\n'));
    visit.exchange.abort('visitor-gone');
    await connection.until(({ ended, closed }) => ended || closed);
    expect(connection.received.endsWith('some\r\n')).toBe(true);
    expect(pair.url.active).toBe(0);
  });

  it('of an answer that is read slowly does not keep the origin’s connection', async () => {
    pair = await createOriginPair(async (connection) => {
      for (let i = 1; ; i++) {
        await connection.heads(i);
        connection.write(`HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(100_000)}`);
      }
    });
    const slow = pair.visit({ reads: false });
    await slow.until(({ received }) => received >= 64 * 1024);
    await settle();
    expect((await pair.visit().done()).received).toBe(100_000);
    expect(pair.connections.length).toBe(1);
    expect(pair.url.active).toBe(1);
    slow.reads = true;
    slow.read();
    expect((await slow.done()).received).toBe(100_000);
    expect(pair.url.active).toBe(0);
  });
});
