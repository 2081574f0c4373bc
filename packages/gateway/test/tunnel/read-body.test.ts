import { expect, it } from 'vitest';
import { nodeClock } from '../../src/machine/node-clock.js';
import { createBodyReader } from '../../src/tunnel/read-body.js';

const readBody = createBodyReader(nodeClock);

/** Has a body read that is here whole. */
function read(text: string): Uint8Array {
  let got: Uint8Array | undefined;
  const sent = Buffer.from(text);
  const body = {
    ended: false,
    read(into: Uint8Array, at: number, end: number): number {
      into.set(sent.subarray(0, end - at), at);
      this.ended = sent.length <= end - at;
      return Math.min(sent.length, end - at);
    },
  };
  readBody({ body, head: { contentLength: sent.length } } as any, { maxBytes: 1 << 20 }, (bytes) => {
    got = bytes;
  });
  return got!;
}

it('costs no memory of its own', () => {
  const first = read('poll');
  const second = read('pull');
  expect(second.byteOffset).toBe(first.byteOffset);
  expect(second.buffer).toBe(first.buffer);
});
