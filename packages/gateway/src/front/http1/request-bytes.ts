import type { InputQueue } from './input-queue.js';

/** The bytes of one visit's body in its connection's input, with whom to tell what was taken. */
export class RequestBytes {
  readonly input: InputQueue;
  /** Bytes of body taken so far. */
  taken = 0;
  /** Called by the body when its last byte was taken. */
  readonly onEnded: () => void;
  readonly #onTaken: () => void;

  constructor(input: InputQueue, onTaken: () => void, onEnded: () => void) {
    this.input = input;
    this.#onTaken = onTaken;
    this.onEnded = onEnded;
  }

  /** Passes over `count` bytes of framing. */
  skip(count: number): void {
    this.input.advance(count);
    this.#onTaken();
  }

  /** Copies what is there, at most `into[at..end)`; returns how many bytes. */
  copy(into: Uint8Array, at: number, end: number): number {
    const { input } = this;
    let position = at;
    while (position < end && input.size > 0) {
      const count = Math.min(end - position, input.end - input.at);
      into.set(input.bytes.subarray(input.at, input.at + count), position);
      position += count;
      input.advance(count);
    }
    this.taken += position - at;
    if (position > at) this.#onTaken();
    return position - at;
  }
}
