import { describe, expect, test } from 'vitest';
import {
  defaultPipeSenderLimits,
  type MessageHeader,
  maxMessageHeaderBytes,
  maxPinningChunks,
  minPullBytes,
  PipeSender,
  type PipeSource,
  type PullScope,
  pipeSenderLimits,
  readMessageHeader,
  Slab,
} from '../../src/pipe/index.js';

const kib = 1024;
const byteAt = (offset: number) => (offset * 31 + (offset >> 8)) & 0xff;

/** Gives `piece` bytes a pull, for ever, or what room there is. */
class Bytes implements PipeSource {
  piece = Number.POSITIVE_INFINITY;
  controlOnly = false;
  scopes: PullScope[] = [];
  pull(into: Uint8Array, at: number, end: number, scope: PullScope, offset: number): number {
    this.scopes.push(scope);
    if (scope === 'control' && !this.controlOnly) return at;
    const length = Math.min(this.piece, end - at);
    for (let i = 0; i < length; i++) into[at + i] = byteAt(offset + i);
    return at + length;
  }
}

function read(message: Uint8Array | undefined): { offset: number; ack: number; bytes: Uint8Array } {
  const header: MessageHeader = { offset: 0, ack: 0, reply: false, payloadStart: 0 };
  expect(message && readMessageHeader(message, header)).toBe(true);
  const bytes = message!.subarray(header.payloadStart);
  bytes.forEach((byte, i) => {
    if (byte !== byteAt(header.offset + i)) throw new Error(`wrong byte at ${header.offset + i}`);
  });
  return { offset: header.offset, ack: header.ack, bytes };
}

function sender(limits = defaultPipeSenderLimits) {
  const source = new Bytes();
  return { source, pipe: new PipeSender(source, new Slab(), limits) };
}

describe('the sending half of a pipe', () => {
  test('bytes get their offset when they are taken', () => {
    const { source, pipe } = sender();
    source.piece = 100;
    expect(pipe.next).toBe(0);
    expect(read(pipe.nextMessage(kib, 7, false, 0))).toMatchObject({ offset: 0, ack: 7 });
    expect(read(pipe.nextMessage(kib, 8, false, 0))).toMatchObject({ offset: 100, ack: 8 });
    expect(pipe.next).toBe(200);
  });

  test('no message is longer than the transport takes', () => {
    const { pipe } = sender();
    for (const max of [1, 100, 16 * kib, 256 * kib]) {
      const message = pipe.nextMessage(max, 2 ** 40, false, 0)!;
      expect(message.length).toBeLessThanOrEqual(Math.max(max, maxMessageHeaderBytes + 1));
      read(message);
    }
  });

  test('T5: data never passes the limit; control may, by 256 KiB, then the session ends', () => {
    const { source, pipe } = sender();
    while (pipe.nextMessage(256 * kib, 0, false, 0));
    expect(pipe.unackedBytes).toBeLessThanOrEqual(1024 * kib);
    expect(pipe.blocked).toBe(true);
    expect(source.scopes.at(-1)).toBe('control');
    source.controlOnly = true;
    source.piece = 10 * kib;
    expect(() => {
      for (let i = 0; i < 100; i++) pipe.nextMessage(256 * kib, 0, false, 0);
    }).toThrow('too much is sent and not acked');
    expect(pipe.unackedBytes).toBeLessThanOrEqual((1024 + 256 + 10) * kib);
  });

  test('what a resumption acks is no round trip: the link was lost in between', () => {
    const { source, pipe } = sender();
    source.piece = 100;
    for (const [at, ackedAt] of [
      [0, 10],
      [1000, 6000],
      [7000, 12_000],
    ] as const) {
      pipe.nextMessage(kib, 0, false, at);
      pipe.attach(pipe.next, ackedAt);
    }
    expect(pipe.minRoundTripMs).toBeUndefined();
    pipe.nextMessage(kib, 0, false, 12_000);
    pipe.onAck(pipe.next, 12_020);
    expect(pipe.minRoundTripMs).toBe(20);
  });

  test('the limit follows twice rate x smallest round trip, up to what the peer holds', () => {
    const { pipe } = sender(pipeSenderLimits(4 * 1024 * kib));
    let now = 0;
    for (let i = 0; i < 8; i++) {
      while (pipe.nextMessage(256 * kib, 0, false, now));
      now += 100;
      pipe.onAck(pipe.next, now);
    }
    expect(pipe.minRoundTripMs).toBe(100);
    expect(pipe.unackedLimit).toBe(4 * 1024 * kib);
  });

  test('the limit is a whole number of bytes, whatever the clock says: offsets are cut by it', () => {
    const { pipe } = sender();
    let now = 0.1;
    for (let i = 0; i < 4; i++) {
      while (pipe.nextMessage(64 * kib, 0, false, now));
      now += 10.7 + i / 3;
      pipe.onAck(pipe.next, now);
      expect([Number.isInteger(pipe.unackedLimit), Number.isInteger(pipe.next)]).toEqual([true, true]);
    }
    expect(pipe.unackedLimit).toBeGreaterThan(1024 * kib);
  });

  describe('memory serves again', () => {
    const blockBytes = 128 * kib;
    const filled = () => {
      const blocks: Uint8Array[] = [];
      const slab = new Slab(blockBytes, (size) => {
        blocks.push(new Uint8Array(size));
        return blocks.at(-1)!;
      });
      const pipe = new PipeSender(new Bytes(), slab);
      const send = () => pipe.nextMessage(blockBytes, 0, false, 0)!;
      return { blocks, pipe, send };
    };

    test('once it is acked and has left', () => {
      const { blocks, pipe, send } = filled();
      for (let i = 0; i < 100; i++) {
        read(send());
        pipe.onAck(pipe.next, 0, true);
      }
      expect(blocks.length).toBeLessThan(4);
    });

    test.each([
      ['is acked before it has left', (pipe: PipeSender) => pipe.onAck(pipe.next, 0, false)],
      [
        'was given to a transport before',
        (pipe: PipeSender) => {
          pipe.attach(pipe.acked, 0);
          while (pipe.nextMessage(blockBytes, 0, false, 0));
          pipe.onAck(pipe.next, 0, true);
        },
      ],
    ])('but not while somebody may write from it: it %s', (_, ack) => {
      const { blocks, pipe, send } = filled();
      const messages = Array.from({ length: 5 }, send);
      const before = blocks.length;
      const were = messages.map((message) => Uint8Array.from(message));
      ack(pipe);
      for (let i = 0; i < 20; i++) {
        send();
        pipe.onAck(pipe.next, 0, true);
      }
      expect(messages).toEqual(were);
      expect(before).toBeGreaterThan(1);
    });
  });

  test('a slow acker does not make the limit grow', () => {
    const { source, pipe } = sender();
    let now = 0;
    source.piece = 20 * kib;
    pipe.nextMessage(64 * kib, 0, false, now);
    source.piece = Number.POSITIVE_INFINITY;
    pipe.onAck(pipe.next, ++now); // One fast round trip, at first.
    for (let i = 0; i < 8; i++) {
      while (pipe.nextMessage(256 * kib, 0, false, now));
      now += 10_000;
      pipe.onAck(pipe.next, now);
    }
    expect(pipe.unackedLimit).toBe(1024 * kib);
  });

  test('an announced bound is kept, but for one that would leave no room', () => {
    expect(pipeSenderLimits(512 * kib)).toMatchObject({ minUnackedBytes: 512 * kib, maxUnackedBytes: 512 * kib });
    expect(pipeSenderLimits(1)).toMatchObject({ minUnackedBytes: 256 * kib });
    expect(pipeSenderLimits()).toEqual(defaultPipeSenderLimits);
  });

  test('T17: a new transport goes on where the peer stands', () => {
    const { source, pipe } = sender();
    source.piece = 1000;
    for (let i = 0; i < 4; i++) pipe.nextMessage(64 * kib, 0, false, 0);
    pipe.attach(1500, 0);
    const again = read(pipe.nextMessage(64 * kib, 0, false, 0));
    expect(again.offset).toBe(1500);
    expect(pipe.acked).toBe(1500);
  });

  test('T12: an offset below the ack is clamped to it, one above what was sent is gone', () => {
    const { source, pipe } = sender();
    source.piece = 1000;
    for (let i = 0; i < 4; i++) pipe.nextMessage(64 * kib, 0, false, 0);
    pipe.onAck(3000, 0);
    pipe.attach(500, 0);
    expect(read(pipe.nextMessage(64 * kib, 0, false, 0)).offset).toBe(3000);
    expect(() => pipe.attach(4001, 0)).toThrow(expect.objectContaining({ code: 'gone' }));
    expect(pipe.acked).toBe(3000);
  });

  test('an ack of what was never sent is an error, also of what was pulled and has not left', () => {
    const { source, pipe } = sender();
    source.piece = 50 * kib;
    pipe.nextMessage(10 * kib, 0, false, 0);
    expect(pipe.next).toBe(50 * kib);
    expect(() => pipe.onAck(20 * kib, 0)).toThrow('never sent');
  });

  test('T3, T4: what was lost is sent again from there, and nothing below the ack', () => {
    const { source, pipe } = sender();
    source.piece = 1000;
    for (let i = 0; i < 4; i++) pipe.nextMessage(64 * kib, 0, false, 0);
    pipe.onAck(1000, 0);
    pipe.rewind(2000);
    expect(read(pipe.nextMessage(64 * kib, 0, false, 0)).offset).toBe(2000);
    pipe.rewind(0);
    expect(read(pipe.nextMessage(64 * kib, 0, false, 0)).offset).toBe(1000);
    pipe.rewind(10_000);
    expect(pipe.next).toBeGreaterThanOrEqual(4000);
  });

  test('a message that a lost transport still holds does not change', () => {
    const { source, pipe } = sender();
    source.piece = 5000;
    const held = pipe.nextMessage(64 * kib, 1, false, 0)!;
    const before = held.slice();
    pipe.attach(0, 0);
    pipe.nextMessage(64 * kib, 2 ** 50, false, 0);
    pipe.attach(100, 0);
    pipe.nextMessage(64 * kib, 2 ** 50, true, 0);
    expect(held).toEqual(before);
  });

  test('a peer who never acks cannot pin a block of the slab for each small message', () => {
    const slab = new Slab();
    const source = new Bytes();
    const victim = new PipeSender(source, slab);
    source.piece = 20;
    for (let i = 0; i < 2000; i++) {
      victim.nextMessage(64 * kib, 0, false, 0);
      slab.reserve(slab.bytes.length); // Other sessions use up the block.
    }
    expect(victim.pinnedBytes).toBeLessThan((maxPinningChunks + 1) * 256 * kib);
    victim.compact();
    expect(victim.pinnedBytes).toBeLessThan(42 * kib);
    victim.attach(0, 0);
    expect(read(victim.nextMessage(64 * kib, 0, false, 0)).bytes.length).toBe(2000 * 20);
  });

  test('a source may cause another session to send from the same slab', () => {
    const slab = new Slab();
    const other = new PipeSender(new Bytes(), slab);
    const inner: PipeSource = {
      pull(into, at, end, _scope, offset) {
        read(other.nextMessage(minPullBytes, 0, false, 0));
        for (let i = at; i < at + 1000; i++) into[i] = byteAt(offset + i - at);
        expect(end - at).toBeGreaterThanOrEqual(1000);
        return at + 1000;
      },
    };
    const pipe = new PipeSender(inner, slab);
    const messages = [pipe.nextMessage(64 * kib, 0, false, 0), pipe.nextMessage(64 * kib, 0, false, 0)];
    messages.forEach(read);
    other.attach(0, 0);
    while (other.unackedBytes > 0) {
      const { offset, bytes } = read(other.nextMessage(64 * kib, 0, false, 0));
      if (offset + bytes.length >= 2 * minPullBytes) break;
    }
  });
});
