import { expect, test } from 'vitest';
import { InputBlocks } from '../../src/front/http1/input-blocks.js';
import { InputQueue } from '../../src/front/http1/input-queue.js';
import { createRandom } from '../support/random.js';

/** What the queue holds, piece by piece, without taking it. */
function contents(queue: InputQueue, random = createRandom(0)): string {
  let text = '';
  while (queue.size > 0) {
    const count = 1 + random.int(queue.end - queue.at);
    text += Buffer.from(queue.bytes.subarray(queue.at, queue.at + count)).toString('latin1');
    queue.advance(count);
  }
  return text;
}

test('gives what was put in, whatever is joined, kept or read on the way', () => {
  const blocks = new InputBlocks(); // What one queue gave back serves the next.
  for (let seed = 1; seed <= 300; seed++) {
    const random = createRandom(seed);
    const shared = Buffer.alloc(seed % 100 === 0 ? 256 * 1024 : 64);
    const queue = new InputQueue(blocks);
    let expected = '';
    let taken = '';
    for (let step = 0; step < 120; step++) {
      const piece = random.bytes(1 + random.int(shared.length)).toString('latin1');
      const length = shared.write(piece, 'latin1');
      queue.push(shared.subarray(0, length));
      expected += piece;
      if (random.int(4) === 0) queue.join();
      while (queue.size > 0 && random.int(3) > 0) {
        const count = 1 + random.int(queue.end - queue.at);
        taken += Buffer.from(queue.bytes.subarray(queue.at, queue.at + count)).toString('latin1');
        queue.advance(count);
      }
      if (random.int(6) === 0) queue.join();
      queue.keep();
      shared.fill(0); // The next read writes over it.
      if (queue.size !== expected.length - taken.length) throw new Error(`seed ${seed}: size`);
      if (random.int(5) === 0) {
        queue.join();
        if (queue.at !== 0 || queue.end !== queue.size) throw new Error(`seed ${seed}: not joined`);
      }
    }
    taken += contents(queue, random);
    if (taken !== expected) throw new Error(`seed ${seed}: other bytes came out`);
  }
});

test('takes or forgets everything', () => {
  const queue = new InputQueue(new InputBlocks());
  for (const text of ['one', 'two', 'three']) {
    queue.push(Buffer.from(text));
    queue.keep();
  }
  queue.advance(2);
  expect(Buffer.from(queue.takeAll()).toString()).toBe('etwothree');
  expect(queue.size).toBe(0);
  queue.push(Buffer.from('more'));
  queue.push(Buffer.from('and more'));
  queue.clear();
  expect(queue.size).toBe(0);
  queue.push(Buffer.from('last'));
  expect(contents(queue)).toBe('last');
});

test('many small pieces become few', () => {
  const queue = new InputQueue(new InputBlocks());
  let pieces = 0;
  for (let i = 0; i < 10_000; i++) {
    queue.push(Buffer.from('x'));
    queue.keep();
  }
  for (; queue.size > 0; queue.advance(queue.end - queue.at)) pieces++;
  expect(pieces).toBeLessThan(40);
});
