import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WindowPool } from '../../src/mux/index.js';
import { maxHeldPieces, PipeReceiver, type PipeReceiverOptions } from '../../src/pipe/index.js';

const kib = 1024;

function receiver(options?: PipeReceiverOptions) {
  const taken: number[] = [];
  return { taken, pipe: new PipeReceiver((bytes) => taken.push(...bytes), options) };
}

/** The byte that stands at an offset of the stream. */
const byteAt = (offset: number) => (offset * 31 + (offset >> 8)) & 0xff;
const piece = (from: number, to: number) => Uint8Array.from({ length: to - from }, (_, i) => byteAt(from + i));

describe('the receiving half of a pipe', () => {
  test('T2: takes what follows, discards what came already', () => {
    const { taken, pipe } = receiver();
    pipe.receive(0, piece(0, 4));
    pipe.receive(0, piece(0, 4));
    pipe.receive(2, piece(2, 7));
    expect(taken).toEqual([...piece(0, 7)]);
    expect(pipe.next).toBe(7);
  });

  test('T2: never skips a gap', () => {
    const { taken, pipe } = receiver();
    pipe.receive(3, piece(3, 6));
    expect(pipe.next).toBe(0);
    expect(pipe.heldBytes).toBe(3);
    pipe.receive(0, piece(0, 3));
    expect(taken).toEqual([...piece(0, 6)]);
    expect(pipe.heldBytes).toBe(0);
  });

  test('keeps what it holds, though the memory serves again once it was told', () => {
    const { taken, pipe } = receiver();
    const memory = Buffer.from(piece(3, 6));
    pipe.receive(3, memory);
    memory.fill(0);
    pipe.receive(0, piece(0, 3));
    expect(taken).toEqual([...piece(0, 6)]);
  });

  test('any pieces in any order make the stream', () => {
    const pieces = fc.array(fc.tuple(fc.nat(99), fc.nat(20)), { maxLength: 80 });
    fc.assert(
      fc.property(pieces, (cuts) => {
        const { taken, pipe } = receiver();
        const known = new Set<number>();
        for (const [from, length] of cuts) {
          pipe.receive(from, piece(from, from + length));
          for (let i = from; i < from + length; i++) known.add(i);
          let expected = 0;
          while (known.has(expected)) expected++;
          expect(pipe.next).toBe(expected);
        }
        expect(taken).toEqual([...piece(0, pipe.next)]);
      }),
    );
  });

  test('what is held is a copy: the transport may use its buffer again', () => {
    const { taken, pipe } = receiver();
    const buffer = piece(2, 4);
    pipe.receive(2, buffer);
    buffer.fill(0xff);
    pipe.receive(0, piece(0, 2));
    expect(taken).toEqual([...piece(0, 4)]);
  });

  test('T7: drops, unacked, what lies beyond its bound', () => {
    const { pipe } = receiver({ maxHeldBytes: 10 });
    pipe.receive(5, piece(5, 11));
    expect(pipe.heldBytes).toBe(0);
    pipe.receive(5, piece(5, 10));
    expect(pipe.heldBytes).toBe(5);
    pipe.receive(0, piece(0, 5));
    expect(pipe.next).toBe(10);
  });

  test('many tiny pieces are bounded by their number, and cost no quadratic time', () => {
    const { pipe } = receiver();
    const started = performance.now();
    for (let i = 200_000; i > 0; i--) pipe.receive(2 * i, Uint8Array.of(0));
    expect(pipe.heldBytes).toBe(maxHeldPieces);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('pieces that say the same twice are not held twice', () => {
    const { pipe } = receiver();
    for (let i = 0; i < 5; i++) pipe.receive(10, piece(10, 20));
    pipe.receive(12, piece(12, 18));
    expect(pipe.heldBytes).toBe(10);
    pipe.receive(8, piece(8, 30));
    expect(pipe.heldBytes).toBe(22);
  });

  test('takes from the budget of the process what it holds, and gives it back', () => {
    const budget = new WindowPool(64 * kib);
    const first = receiver({ budget });
    const second = receiver({ budget });
    first.pipe.receive(1, new Uint8Array(40 * kib));
    second.pipe.receive(1, new Uint8Array(40 * kib));
    expect(second.pipe.heldBytes).toBe(0);
    first.pipe.receive(0, Uint8Array.of(0));
    expect(budget.free).toBe(64 * kib);
    second.pipe.receive(1, new Uint8Array(40 * kib));
    second.pipe.clear();
    expect(budget.free).toBe(64 * kib);
  });

  test('an offset that leaves the integers is an error', () => {
    expect(() => receiver().pipe.receive(Number.MAX_SAFE_INTEGER, piece(0, 2))).toThrow('offset out of range');
  });
});
