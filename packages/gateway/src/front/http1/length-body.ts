import type { ByteSource } from '@reverse-http/protocol/mux';
import type { RequestBytes } from './request-bytes.js';

/** A body framed by `Content-Length` (RFC 9112, section 6.3). */
export class LengthBody implements ByteSource {
  readonly trailers: undefined;
  readonly #bytes: RequestBytes;
  #left: number;

  constructor(bytes: RequestBytes, length: number) {
    this.#bytes = bytes;
    this.#left = length;
  }

  get ended(): boolean {
    return this.#left === 0;
  }

  read(into: Uint8Array, at: number, end: number): number {
    const count = this.#bytes.copy(into, at, Math.min(end, at + this.#left));
    this.#left -= count;
    if (this.#left === 0 && count > 0) this.#bytes.onEnded();
    return count;
  }
}
