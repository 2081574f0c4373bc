import type { InputBlocks } from './input-blocks.js';

const none: Uint8Array = new Uint8Array(0);

/** Pieces that may wait behind the present one; more are made one, or a visitor that sends single bytes would cost 100 each. */
const maxPieces = 32;

/** Bytes of a connection that nobody has taken yet: the piece being read, and the pieces behind it. */
export class InputQueue {
  /** The piece being read; what is to be taken lies in `[at, end)`. */
  bytes: Uint8Array = none;
  at = 0;
  end = 0;
  /** All bytes waiting, in this piece and behind it. */
  size = 0;
  #behind: Uint8Array[] = [];
  #growable = false;
  readonly #blocks: InputBlocks;

  /** @param blocks Where pieces are kept. */
  constructor(blocks: InputBlocks) {
    this.#blocks = blocks;
  }

  /** Appends a piece; it is referenced, not copied. */
  push(piece: Uint8Array): void {
    this.size += piece.length;
    if (this.at === this.end) this.#start(piece);
    else this.#behind.push(piece);
  }

  /** `count` bytes of the present piece were taken. */
  advance(count: number): void {
    this.at += count;
    this.size -= count;
    if (this.at < this.end) return;
    this.#blocks.give(this.bytes);
    const next = this.#behind.shift();
    if (next) this.#start(next);
    else this.#start(none);
  }

  /** Makes one piece of all, which begins at 0; the buffer doubles, so that a head which comes byte by byte is copied a few times only. */
  join(): void {
    for (const piece of this.#behind) this.#append(piece);
    this.#behind = [];
    if (!this.#growable || this.at > 0) this.#append(none);
  }

  /** The piece that came last is about to be written over: what is left of it is copied. */
  keep(): void {
    const last = this.#behind.length - 1;
    if (this.at === this.end) this.#start(none);
    else if (last >= maxPieces) this.join();
    else if (last >= 0) this.#behind.push(...this.#blocks.copy(this.#behind.pop()!));
    else if (!this.#growable) {
      const [first, ...rest] = this.#blocks.copy(this.bytes.subarray(this.at, this.end));
      this.#start(first!);
      this.#behind = rest;
    }
  }

  /** Takes everything. */
  takeAll(): Uint8Array {
    this.join();
    const all = this.bytes.subarray(this.at, this.end);
    this.clear();
    return all;
  }

  /** Forgets everything. */
  clear(): void {
    this.#start(none);
    this.#behind = [];
    this.size = 0;
  }

  #start(piece: Uint8Array): void {
    this.bytes = piece;
    this.at = 0;
    this.end = piece.length;
    this.#growable = false;
  }

  #append(piece: Uint8Array): void {
    const length = this.end - this.at;
    const needed = length + piece.length;
    if (!this.#growable || this.at > 0 || needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(1024, needed * 2));
      grown.set(this.bytes.subarray(this.at, this.end));
      this.bytes = grown;
      this.at = 0;
      this.#growable = true;
    }
    this.bytes.set(piece, length);
    this.end = needed;
  }
}
