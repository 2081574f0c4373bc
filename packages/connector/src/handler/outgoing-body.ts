import type { ByteSource } from '@reverse-http/protocol/mux';

/** Bytes that wait to be taken, beyond which no more are asked for. */
const highWaterMark = 64 * 1024;

/** So many empty slots in front are worth moving the others. */
const worthMoving = 32;

/** Who fills a body; never called inside the pipe's pull. */
export interface OutgoingBodyOwner {
  /** More may be pushed. */
  onRoom(): void;
  /** All was taken, and the end with it. */
  onAllTaken(): void;
}

/** A body on its way out: bytes that a handler gave and the pipe has not taken yet. Pieces must not change meanwhile. */
export class OutgoingBody implements ByteSource {
  trailers: Uint8Array | undefined;
  /** Undefined once dropped. */
  #owner: OutgoingBodyOwner | undefined;
  #pieces: (Uint8Array | undefined)[] = [];
  #first = 0;
  #length = 0;
  #ending = false;
  #telling = false;

  constructor(owner: OutgoingBodyOwner) {
    this.#owner = owner;
  }

  get ended(): boolean {
    return this.#ending && this.#length === 0;
  }

  /** Whether to wait for {@link OutgoingBodyOwner.onRoom}. */
  get full(): boolean {
    return this.#length >= highWaterMark;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }

  /** No bytes will be pushed. */
  end(trailers?: Uint8Array): void {
    this.#ending = true;
    this.trailers = trailers;
    if (this.#length === 0) this.#tell();
  }

  /** Nobody will take the rest. */
  drop(): void {
    this.#pieces = [];
    this.#first = this.#length = 0;
    this.#owner = undefined;
  }

  read(into: Uint8Array, at: number, end: number): number {
    let position = at;
    while (position < end && this.#first < this.#pieces.length) {
      const piece = this.#pieces[this.#first]!;
      const length = Math.min(piece.length, end - position);
      if (length < piece.length) {
        into.set(piece.subarray(0, length), position);
        this.#pieces[this.#first] = piece.subarray(length);
      } else {
        into.set(piece, position);
        this.#pieces[this.#first++] = undefined;
      }
      position += length;
    }
    if (position > at) this.#took(position - at);
    return position - at;
  }

  #took(bytes: number): void {
    this.#length -= bytes;
    if (this.#length === 0) this.#pieces.length = this.#first = 0;
    else if (this.#first >= worthMoving && this.#first * 2 >= this.#pieces.length) {
      this.#pieces.splice(0, this.#first);
      this.#first = 0;
    }
    if (!this.full) this.#tell();
  }

  /** Handlers never run inside the pipe's pull, where what they send would be overlooked. */
  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      if (this.ended) this.#owner?.onAllTaken();
      else if (!this.#ending) this.#owner?.onRoom();
    });
  }
}
