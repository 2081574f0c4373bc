import type { ByteSource } from '@reverse-http/protocol/mux';

/** The byte at an offset of a body; different from body to body and from offset to offset. */
export function bodyByte(tag: number, offset: number): number {
  return (tag * 151 + offset * 31 + (offset >>> 8) * 7) & 0xff;
}

/** A body that is made up as it is read: every byte says whose it is and where it stands. */
export class ByteBody implements ByteSource {
  /** Bytes that were read. */
  offset = 0;
  trailers: Uint8Array | undefined;
  readonly #tag: number;
  #available = 0;
  #ending = false;

  constructor(tag: number) {
    this.#tag = tag;
  }

  /** So many bytes more are there. */
  add(bytes: number): void {
    this.#available += bytes;
  }

  /** No more will be added. */
  finish(trailers?: Uint8Array): void {
    this.#ending = true;
    this.trailers = trailers;
  }

  get waiting(): number {
    return this.#available;
  }

  get ended(): boolean {
    return this.#ending && this.#available === 0;
  }

  read(into: Uint8Array, at: number, end: number): number {
    const length = Math.min(this.#available, end - at);
    for (let i = 0; i < length; i++) into[at + i] = bodyByte(this.#tag, this.offset + i);
    this.offset += length;
    this.#available -= length;
    return length;
  }
}
