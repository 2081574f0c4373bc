import { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { ByteSource } from '@reverse-http/protocol/mux';

/** The body of a fetch request: one piece is read ahead, no more. */
export class FetchBody implements ByteSource {
  ended = false;
  readonly trailers = undefined;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #onReadable: () => void;
  readonly #onFailed: (error: unknown) => void;
  #piece: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** Bytes taken so far. */
  taken = 0;
  /** One that is longer fails with `body-too-large`. */
  maxBytes: number = Number.POSITIVE_INFINITY;

  /** @param onFailed The stream broke: no more comes, and what came is not whole. */
  constructor(stream: ReadableStream<Uint8Array>, onReadable: () => void, onFailed: (error: unknown) => void) {
    this.#reader = stream.getReader();
    this.#onReadable = onReadable;
    this.#onFailed = onFailed;
    void this.#fetchPiece();
  }

  read(into: Uint8Array, at: number, end: number): number {
    const count = Math.min(end - at, this.#piece.length - this.#at);
    if (count === 0) return 0;
    into.set(this.#piece.subarray(this.#at, this.#at + count), at);
    this.#at += count;
    this.taken += count;
    if (this.#at === this.#piece.length) void this.#fetchPiece();
    return count;
  }

  /** Nobody reads the rest. */
  cancel(): void {
    this.#reader.cancel().catch(() => {}); // The stream's own matter.
  }

  async #fetchPiece(): Promise<void> {
    try {
      const { done, value } = await this.#reader.read();
      if (done) this.ended = true;
      else if (!(value instanceof Uint8Array)) throw new TypeError('a piece of the request body is not a Uint8Array');
      else if (value.length === 0) return void this.#fetchPiece();
      else this.#piece = value;
      this.#at = 0;
      if (this.taken + this.#piece.length > this.maxBytes) {
        throw new ReverseHttpError('body-too-large', `The request body is longer than ${this.maxBytes} bytes.`);
      }
    } catch (error) {
      return this.#onFailed(error);
    }
    this.#onReadable();
  }
}
