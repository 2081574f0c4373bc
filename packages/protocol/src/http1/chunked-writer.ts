import { latin1Bytes } from './latin1.js';

/** Room that a chunk's size line takes at most. */
export const maxChunkHeaderBytes: number = 16;

/** What follows a chunk's data. */
export const chunkEnd: Uint8Array = latin1Bytes('\r\n');

/** The last chunk and an empty trailer section. */
export const lastChunk: Uint8Array = latin1Bytes('0\r\n\r\n');

/** The last chunk, where a trailer section follows. */
export const lastChunkBeforeTrailers: Uint8Array = latin1Bytes('0\r\n');

const hexDigits = latin1Bytes('0123456789abcdef');

/** Writes a chunk's size line for `size` (at least 1) bytes; returns the position after it. */
export function writeChunkSize(into: Uint8Array, at: number, size: number): number {
  let digits = 1;
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 16)) digits++;
  let rest = size;
  for (let i = digits - 1; i >= 0; i--) {
    into[at + i] = hexDigits[rest % 16]!;
    rest = Math.floor(rest / 16);
  }
  into[at + digits] = 0x0d;
  into[at + digits + 1] = 0x0a;
  return at + digits + 2;
}
