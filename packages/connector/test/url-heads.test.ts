import { scanExchangeRequest } from '@reverse-http/protocol/exchange';
import { Head } from '@reverse-http/protocol/http1';
import { Slab } from '@reverse-http/protocol/pipe';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { parseOrigin } from '../src/node/origin/origin-address.js';
import { createRequestHeads, type RequestFraming } from '../src/node/origin/request-heads.js';
import { answer, createOriginPair, type OriginPair } from './harness/raw-origin.js';

const untouched = 0xee;

function scanned(path: string, value: string): Head {
  const head = new Head();
  const text = `GET ${path} HTTP/1.1\r\nHost: a.example\r\nTE: trailers\r\nA: ${value}\r\nUpgrade: b\r\n\r\n`;
  expect(scanExchangeRequest(head, Buffer.from(text))).toBeUndefined();
  return head;
}

describe('the head of a request', () => {
  it('is the same in a block as without one, and never longer than the block', () => {
    const cases = fc.record({
      origin: fc.constantFrom('http://127.0.0.1:3000', 'http://b.example/base'),
      hostHeader: fc.constantFrom('preserve', 'rewrite', 'c.example'),
      path: fc.nat(300).map((length) => `/${'p'.repeat(length)}`),
      value: fc.nat(300).map((length) => 'v'.repeat(length)),
      framing: fc.constantFrom<RequestFraming>('none', 'length', 'chunked'),
      upgrade: fc.boolean(),
      room: fc.nat(900),
    });
    fc.assert(
      fc.property(cases, ({ origin, hostHeader, path, value, framing, upgrade, room }) => {
        const slab = new Slab(64, (size) => Buffer.alloc(size));
        const heads = createRequestHeads(parseOrigin(origin), hostHeader, slab);
        const without = Buffer.from(heads.write(scanned(path, value), framing, upgrade, undefined));
        const memory = Buffer.alloc(room + 64, untouched);
        const block = memory.subarray(0, room);
        const within = heads.write(scanned(path, value), framing, upgrade, block);
        expect(Buffer.from(within)).toEqual(without);
        const used = within.buffer === memory.buffer ? within.length : 0;
        expect(used).toBeLessThanOrEqual(room);
        expect(memory.subarray(used).every((byte) => byte === untouched)).toBe(true);
      }),
    );
  });

  it('lies in the block where it has room', () => {
    const heads = createRequestHeads(parseOrigin(3000), 'preserve', new Slab(64));
    const block = Buffer.alloc(4096);
    expect(heads.write(scanned('/', 'v'), 'none', false, block).buffer).toBe(block.buffer);
  });
});

describe('heads over kept connections', () => {
  let pair: OriginPair;
  afterEach(() => pair.stop());

  it('are whole, however long the one before was', async () => {
    pair = await createOriginPair(async (connection) => {
      for (let count = 1; ; count++) {
        await connection.heads(count);
        connection.write(answer('ok'));
      }
    });
    const values = [3000, 10, 5000, 4000, 20_000, 1].map((length, index) => String(index).repeat(length));
    for (const value of values) {
      expect((await pair.visit({ fields: [['A', value]] }).done()).text).toBe('ok');
    }
    expect(pair.connections.length).toBe(1);
    expect(pair.connections[0]!.received).toBe(
      values.map((value) => `GET / HTTP/1.1\r\nHost: a.example\r\nA: ${value}\r\n\r\n`).join(''),
    );
  });

  it('are kept for a repeat, whatever goes over other connections meanwhile', async () => {
    pair = await createOriginPair();
    const visits = [pair.visit({ path: '/first' }), pair.visit({ path: '/second' })];
    for (const index of [0, 1]) {
      const connection = await pair.connection(index);
      await connection.heads(1);
      connection.write(answer('ok'));
    }
    for (const visit of visits) await visit.done();
    const waiting = pair.visit({ path: '/waiting' });
    const other = pair.visit({ path: '/other' });
    await Promise.all(pair.connections.map((connection) => connection.heads(2)));
    const [dying, living] = [...pair.connections].sort((a) => (a.received.includes('/waiting') ? -1 : 1));
    living!.write(answer('ok'));
    await other.done();
    const last = pair.visit({ path: '/last' });
    await living!.heads(3);
    dying!.socket.destroy();
    const fresh = await (await pair.connection(2)).heads(1);
    expect(fresh.received).toBe('GET /waiting HTTP/1.1\r\nHost: a.example\r\n\r\n');
    for (const connection of [fresh, living!]) connection.write(answer('ok'));
    expect((await waiting.done()).text).toBe('ok');
    expect((await last.done()).text).toBe('ok');
  });
});
