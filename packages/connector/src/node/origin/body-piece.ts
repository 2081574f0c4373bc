import { chunkEnd, copyBytes, maxChunkHeaderBytes, writeChunkSize } from '@reverse-http/protocol/http1';
import type { Slab } from '@reverse-http/protocol/pipe';

/** Pieces up to this length lie in the shared block; longer ones would use it up. */
const smallBytes = 4096;

/** A copy of a piece of a request's body. */
export function copyPiece(bytes: Uint8Array, slab: Slab): Uint8Array {
  if (bytes.length > smallBytes) return Buffer.from(bytes);
  slab.reserve(bytes.length);
  const start = slab.at;
  slab.at = copyBytes(bytes, 0, bytes.length, slab.bytes, start);
  return slab.bytes.subarray(start, slab.at);
}

/** The same as a chunk. */
export function frameChunk(bytes: Uint8Array, slab: Slab): Uint8Array {
  const room = maxChunkHeaderBytes + bytes.length + chunkEnd.length;
  if (bytes.length > smallBytes) {
    const into = Buffer.allocUnsafeSlow(room);
    return into.subarray(0, writeChunk(bytes, into, 0));
  }
  slab.reserve(room);
  const start = slab.at;
  slab.at = writeChunk(bytes, slab.bytes, start);
  return slab.bytes.subarray(start, slab.at);
}

function writeChunk(bytes: Uint8Array, into: Uint8Array, start: number): number {
  let at = writeChunkSize(into, start, bytes.length);
  at = copyBytes(bytes, 0, bytes.length, into, at);
  return copyBytes(chunkEnd, 0, chunkEnd.length, into, at);
}
