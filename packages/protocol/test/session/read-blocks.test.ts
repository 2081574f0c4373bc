import { expect, test } from 'vitest';
import { ReadBlocks } from '../../src/session/index.js';
import { Random } from '../sim/random.js';

const blockBytes = 512 * 1024;
const anySizes = [10, 125, 126, 3000, 65_535, 65_536, 65_600, 65_661, 70_000, 131_070, 131_071, 262_144];

function headerBytes(payload: number, isMasked: boolean): number {
  return (payload < 126 ? 2 : payload < 65_536 ? 4 : 10) + (isMasked ? 4 : 0);
}

test.each([false, true])('a block serves again when all in it was used, never before (masked: %s)', (isMasked) => {
  let given = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    const ends = new Map<ArrayBufferLike, number>();
    let came = 0;
    let used = 0;
    const spare: Uint8Array[] = [];
    const blocks = new ReadBlocks<Uint8Array>({
      isMasked,
      pool: {
        take: () => spare.pop() ?? new Uint8Array(blockBytes),
        give(block) {
          given++;
          if (ends.get(block.buffer)! > used) throw new Error(`seed ${seed}: a block of what was not used`);
          ends.delete(block.buffer);
          spare.push(block);
        },
        drop() {},
      },
    });
    // Where messages end, in the order in which they come.
    const messages: { readonly payload: number; readonly end: number }[] = [];
    let end = random.chance(0.5) ? random.below(300) : 0; // The answer to a handshake.
    const isWhole = random.chance(0.3);
    // Of the second kind fragments have shorter headers than one frame.
    const isThrifty = !isWhole && random.chance(0.5);
    const sizes = isThrifty ? [65_600, 65_661, 70_000, 131_070] : anySizes;
    const cuts = (payload: number): number[] => (isThrifty ? [65_535] : [0, 100, payload >>> 1, 65_535]);
    for (let i = 0; i < 600; i++) {
      const payload = random.pick(sizes)!;
      const cut = random.pick(cuts(payload))!;
      const first = isWhole || cut >= payload ? payload : cut;
      end += headerBytes(first, isMasked) + first;
      if (first < payload) end += headerBytes(payload - first, isMasked) + payload - first;
      messages.push({ payload, end });
    }
    while (came < end) {
      const room = blocks.room(16 * 1024)!;
      const count = Math.min(end - came, room.length, 1 + random.below(70_000));
      blocks.came(count);
      came += count;
      ends.set(room.buffer, came);
      while (messages.length > 0 && messages[0]!.end <= came) {
        const { payload, end: at } = messages.shift()!;
        used = at;
        blocks.used(payload);
      }
      if (random.chance(0.2)) blocks.rest();
    }
  }
  expect(given).toBeGreaterThan(1000);
});

test('what is never used is dropped in the end, and so is what a closed one holds', () => {
  let lent = 0;
  const pool = {
    take: () => {
      lent++;
      return new Uint8Array(1000);
    },
    give: () => void lent--,
    drop: () => void lent--,
  };
  const blocks = new ReadBlocks<Uint8Array>({ pool, isMasked: true });
  for (let i = 0; i < 100; i++) blocks.came(blocks.room(600)!.length);
  expect(lent).toBeLessThan(10);
  blocks.close();
  expect(lent).toBe(0);
});
