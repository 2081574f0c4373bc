import { maxMessageHeaderBytes } from './message.js';

/** A piece of the stream; the room for a message header lies free before it. */
export interface Chunk {
  readonly buffer: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly offset: number;
  /** The buffer is a block of a slab, and held for this chunk. */
  readonly isHeld?: boolean;
}

/** A chunk below this lies in a block that it shares: kept for long, it would pin the whole block. Bytes. */
const smallChunkBytes = 64 * 1024;

/** Small chunks that may pin a shared block each (256 KiB); more are copied together. */
export const maxPinningChunks = 32;

/**
 * What was sent and not acked, in order. Chunks are referenced where they were written; once many small ones pile up,
 * or must be kept for long, they are copied together, so that a peer who never acks cannot pin a block for each byte.
 */
export class ReplayBuffer {
  #chunks: Chunk[] = [];
  /** Chunks before this are acked; removed in batches, for shifting an array each time is slow. */
  #first = 0;
  #pinning = 0;

  /** The chunk that was added last. */
  get last(): Chunk | undefined {
    return this.#chunks[this.#chunks.length - 1];
  }

  /** Bytes of the blocks that chunks refer to, each counted as often as it is referred to: for tests and metrics. */
  get pinnedBytes(): number {
    let bytes = 0;
    for (let i = this.#first; i < this.#chunks.length; i++) bytes += this.#chunks[i]!.buffer.length;
    return bytes;
  }

  add(chunk: Chunk): void {
    this.#chunks.push(chunk);
    if (isPinning(chunk) && ++this.#pinning > maxPinningChunks) this.compact();
  }

  /** Forgets chunks that end at or below `offset`; each is told to `onGone`. */
  release(offset: number, onGone?: (chunk: Chunk) => void): void {
    const chunks = this.#chunks;
    while (this.#first < chunks.length && chunkEnd(chunks[this.#first]!) <= offset) {
      if (isPinning(chunks[this.#first]!)) this.#pinning--;
      onGone?.(chunks[this.#first]!);
      this.#first++;
    }
    if (this.#first === chunks.length) {
      chunks.length = this.#first = 0;
    } else if (this.#first > 64) {
      chunks.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** The chunk that holds the byte at `offset`. */
  at(offset: number): Chunk {
    const last = this.last!;
    if (last.offset <= offset) return last;
    let index = this.#first;
    while (chunkEnd(this.#chunks[index]!) <= offset) index++;
    return this.#chunks[index]!;
  }

  /** Copies runs of small chunks together, into buffers of their own. */
  compact(): void {
    const compacted: Chunk[] = [];
    const chunks = this.#chunks;
    for (let from = this.#first; from < chunks.length; ) {
      let to = from;
      let bytes = 0;
      for (; to < chunks.length; to++) {
        const length = chunks[to]!.end - chunks[to]!.start;
        if (length >= smallChunkBytes || bytes + length > smallChunkBytes) break;
        bytes += length;
      }
      if (to > from) compacted.push(joined(chunks, from, to, bytes));
      else compacted.push(chunks[to++]!);
      from = to;
    }
    this.#chunks = compacted;
    this.#first = 0;
    this.#pinning = 0;
  }
}

function chunkEnd(chunk: Chunk): number {
  return chunk.offset + chunk.end - chunk.start;
}

/** Whether the chunk is a small piece of a block that others share. */
function isPinning(chunk: Chunk): boolean {
  const length = chunk.end - chunk.start;
  return length < smallChunkBytes && chunk.buffer.length > length + maxMessageHeaderBytes;
}

function joined(chunks: readonly Chunk[], from: number, to: number, bytes: number): Chunk {
  const first = chunks[from]!;
  // One that was joined before, and has no neighbour to join with now, stays as it is.
  if (to - from === 1 && !isPinning(first)) return first;
  const buffer = new Uint8Array(maxMessageHeaderBytes + bytes);
  let at = maxMessageHeaderBytes;
  for (let i = from; i < to; i++) {
    const { buffer: source, start, end } = chunks[i]!;
    buffer.set(source.subarray(start, end), at);
    at += end - start;
  }
  return { buffer, start: maxMessageHeaderBytes, end: at, offset: first.offset };
}
