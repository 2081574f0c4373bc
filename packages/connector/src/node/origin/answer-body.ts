import { copyBytes } from '@reverse-http/protocol/http1';
import type { ByteSource } from '@reverse-http/protocol/mux';
import type { Slab } from '@reverse-http/protocol/pipe';

/** Bytes of an answer that the session has not taken beyond which the origin is not read. */
export const highWaterMark: number = 128 * 1024;
/** Below it the origin is read again. */
const lowWaterMark: number = 64 * 1024;

/** A first piece up to this length lies in the shared block. */
const smallBytes = 4096;

/** Who hears what became of a body; called inside the pipe's pull. */
export interface AnswerBodyOwner {
  /** No more than {@link lowWaterMark} bytes wait any longer. */
  onRoom(): void;
  /** All was taken, and the end with it. */
  onTaken(): void;
}

/** Bytes of an answer on their way from the origin's connection to the session, in one buffer. */
export class AnswerBody implements ByteSource {
  trailers: Uint8Array | undefined;
  readonly #owner: AnswerBodyOwner;
  #buffer: Uint8Array;
  #start: number;
  #end: number;
  /** Where the buffer may be written up to. */
  #limit: number;
  /** Whether the buffer is this body's alone; else a part of the shared block is. */
  #own = false;
  #ending = false;

  constructor(owner: AnswerBodyOwner, slab: Slab) {
    this.#owner = owner;
    this.#buffer = slab.bytes;
    this.#start = this.#end = this.#limit = 0;
  }

  /** Bytes not taken yet. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Whether no bytes will be added. */
  get complete(): boolean {
    return this.#ending;
  }

  get ended(): boolean {
    return this.#ending && this.#start === this.#end;
  }

  /** Copies bytes. */
  add(bytes: Uint8Array, start: number, end: number, slab: Slab): void {
    const count = end - start;
    if (this.#limit - this.#end < count) this.#makeRoom(count, slab);
    this.#end = copyBytes(bytes, start, end, this.#buffer, this.#end);
  }

  /** No bytes will be added. */
  end(trailers: Uint8Array | undefined): void {
    this.#ending = true;
    this.trailers = trailers;
    if (this.#start === this.#end) this.#owner.onTaken();
  }

  read(into: Uint8Array, at: number, end: number): number {
    const before = this.#end - this.#start;
    const count = Math.min(before, end - at);
    if (count === 0) return 0;
    copyBytes(this.#buffer, this.#start, this.#start + count, into, at);
    this.#start += count;
    if (before > lowWaterMark && before - count <= lowWaterMark) this.#owner.onRoom();
    if (this.#ending && this.#start === this.#end) this.#owner.onTaken();
    return count;
  }

  #makeRoom(count: number, slab: Slab): void {
    const { length } = this;
    if (length === 0 && !this.#own && count <= smallBytes) {
      slab.reserve(count);
      this.#buffer = slab.bytes;
      this.#start = this.#end = slab.at;
      slab.at += count;
      this.#limit = slab.at;
      return;
    }
    const needed = length + count;
    if (this.#own && needed <= this.#limit) this.#buffer.copyWithin(0, this.#start, this.#end);
    else {
      const grown = Buffer.allocUnsafeSlow(Math.max(2 * smallBytes, needed * 2));
      copyBytes(this.#buffer, this.#start, this.#end, grown, 0);
      this.#buffer = grown;
      this.#own = true;
      this.#limit = grown.length;
    }
    this.#start = 0;
    this.#end = length;
  }
}
