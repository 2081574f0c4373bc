import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { PatternCheck, writePattern } from '../src/load/pattern.js';

const bytes = (1 << 20) + 70_001;

async function written(): Promise<Buffer> {
  const stream = new PassThrough();
  writePattern(stream, bytes);
  return buffer(stream);
}

function isWhole(pieces: readonly Buffer[]): boolean {
  const check = new PatternCheck();
  for (const piece of pieces) check.take(piece);
  return check.isWhole(bytes);
}

it('knows its own bytes again, however they are cut', async () => {
  const all = await written();
  expect(all.length).toBe(bytes);
  expect(isWhole([all])).toBe(true);
  expect(isWhole([all.subarray(0, 1), all.subarray(1, 1_048_577), all.subarray(1_048_577)])).toBe(true);
});

it('sees what is lost, doubled, moved or changed', async () => {
  const all = await written();
  const [first, second, third] = [all.subarray(0, 4096), all.subarray(4096, 8192), all.subarray(8192)];
  expect(isWhole([first, third])).toBe(false);
  expect(isWhole([first, first, second, third])).toBe(false);
  expect(isWhole([second, first, third])).toBe(false);
  all[bytes - 1]! ^= 1;
  expect(isWhole([all])).toBe(false);
});
