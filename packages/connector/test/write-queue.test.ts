import { describe, expect, it } from 'vitest';
import { WriteQueue } from '../src/node/handler/write-queue.js';
import { collectGarbage } from './harness/collect-garbage.js';

function createQueue(): WriteQueue {
  return new WriteQueue({ inContext: (step) => step(), onDrained() {}, onAllTaken() {} });
}

describe('a write queue that is never wholly empty', () => {
  it('holds nothing that was taken', async () => {
    const queue = createQueue();
    const into = new Uint8Array(16 * 1024);
    const written: WeakRef<Uint8Array>[] = [];
    const push = (): void => {
      const bytes = new Uint8Array(into.length);
      written.push(new WeakRef(bytes));
      queue.push(bytes, false);
    };
    for (let i = 0; i < 3; i++) push();
    for (let i = 0; i < 1000; i++) {
      push();
      expect(queue.read(into, 0, into.length)).toBe(into.length);
    }
    await collectGarbage();
    const held = written.map((bytes) => bytes.deref()?.length ?? 0).reduce((sum, length) => sum + length, 0);
    expect(queue.length).toBe(3 * into.length);
    expect(held).toBe(queue.length);
  });

  it('does not grow by the number of writes', async () => {
    const queue = createQueue();
    const byte = new Uint8Array(1);
    await collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 4; i++) queue.push(byte, false);
    for (let i = 0; i < 2_000_000; i++) {
      queue.push(byte, false);
      queue.read(byte, 0, 1);
    }
    await collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4 * 1024 * 1024);
    expect(queue.length).toBe(4);
  });

  it('gives every byte once, in order, whatever the sizes', () => {
    const queue = createQueue();
    const taken: number[] = [];
    const into = new Uint8Array(64);
    let next = 0;
    for (let i = 0; i < 3000; i++) {
      const bytes = Uint8Array.from({ length: 1 + ((i * 7) % 13) }, () => next++ & 255);
      queue.push(bytes, false);
      const length = queue.length > 400 ? queue.read(into, 0, 1 + ((i * 31) % 60)) : 0;
      taken.push(...into.subarray(0, length));
    }
    for (let length = queue.read(into, 0, 64); length > 0; length = queue.read(into, 0, 64)) {
      taken.push(...into.subarray(0, length));
    }
    expect(taken).toHaveLength(next);
    expect(taken.findIndex((byte, i) => byte !== (i & 255))).toBe(-1);
  });
});
