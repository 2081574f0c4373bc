import type { ByteSource } from '@reverse-http/protocol/mux';
import { SpareBlocks } from '../memory/spare-blocks.js';

/** What is kept of a body until it is clear that the request was not refused; a longer one is not sent a second time. */
const maxKeptBytes = 64 * 1024;
const noBytes: Uint8Array = new Uint8Array(0);

/** Memory for what is kept of bodies, shared by all of them: up to 1 MiB is kept. */
export function createKeptBlocks(): SpareBlocks {
  return new SpareBlocks(4 * 1024, [64, 16, 8]);
}

/** A body whose beginning can be read once more, for another connector when the first one refused the request. */
export class KeptBody implements ByteSource {
  readonly #source: ByteSource;
  readonly #blocks: SpareBlocks;
  #kept: Uint8Array | undefined = noBytes;
  #length = 0;
  /** Where reading the kept part again stands; {@link #length} when it is done. */
  #again = 0;
  /** Whether what is read from now on need not be kept. */
  #forgets = false;
  readonly #onRead: (() => void) | undefined;

  /** @param onRead Called when bytes were taken. */
  constructor(source: ByteSource, blocks: SpareBlocks, onRead?: () => void) {
    this.#source = source;
    this.#blocks = blocks;
    this.#onRead = onRead;
  }

  /** Whether nothing was read yet. */
  get untouched(): boolean {
    return this.#length === 0 && !this.#forgets && !this.#source.ended;
  }

  get ended(): boolean {
    return this.#again === this.#length && this.#source.ended;
  }

  get trailers(): Uint8Array | undefined {
    return this.#source.trailers;
  }

  read(into: Uint8Array, at: number, end: number): number {
    const again = Math.min(end - at, this.#length - this.#again);
    if (again > 0) {
      into.set(this.#kept!.subarray(this.#again, this.#again + again), at);
      this.#again += again;
      if (this.#forgets && this.#again === this.#length) this.#drop();
    }
    if (at + again === end) return again;
    const count = this.#source.read(into, at + again, end);
    if (count > 0) this.#onRead?.();
    if (this.#kept && count > 0) this.#keep(into.subarray(at + again, at + again + count));
    return again + count;
  }

  /** The request was not refused: nothing need be kept beyond what is to be read once more. */
  forget(): void {
    this.#forgets = true;
    if (this.#again === this.#length) this.#drop();
  }

  /** Starts over; false when the beginning is gone. */
  rewind(): boolean {
    if (this.#forgets) return false;
    this.#again = 0;
    return true;
  }

  #drop(): void {
    this.#forgets = true;
    if (this.#kept) this.#blocks.give(this.#kept);
    this.#kept = undefined;
    this.#length = this.#again = 0;
  }

  #keep(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > maxKeptBytes) return this.#drop();
    if (needed > this.#kept!.length) {
      const grown = this.#blocks.take(needed);
      grown.set(this.#kept!.subarray(0, this.#length));
      this.#blocks.give(this.#kept!);
      this.#kept = grown;
    }
    this.#kept!.set(bytes, this.#length);
    this.#length = this.#again = needed;
  }
}
