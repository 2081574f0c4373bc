import type { Reason } from '@reverse-http/protocol/errors';
import { ChunkedReader } from '@reverse-http/protocol/http1';
import type { ByteSource } from '@reverse-http/protocol/mux';
import type { RequestBytes } from './request-bytes.js';

/** A chunked body (RFC 9112, section 7.1). */
export class ChunkedBody implements ByteSource {
  /** Beyond so many bytes of data the body is refused. */
  maxBytes: number = Number.POSITIVE_INFINITY;
  readonly #bytes: RequestBytes;
  readonly #reader: ChunkedReader = new ChunkedReader();
  readonly #onFault: (reason: Reason, detail: string) => void;
  /** Bytes of the present chunk that lie ready in the input. */
  #ready = 0;
  /** Bytes of data found so far. */
  #found = 0;
  #state: 'open' | 'ended' | 'broken' = 'open';

  /** @param onFault Hears that the framing is broken: what was given so far must not pass for a whole body. */
  constructor(bytes: RequestBytes, onFault: (reason: Reason, detail: string) => void) {
    this.#bytes = bytes;
    this.#onFault = onFault;
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  get trailers(): Uint8Array | undefined {
    return this.#reader.trailers;
  }

  read(into: Uint8Array, at: number, end: number): number {
    let position = at;
    for (;;) {
      if (this.#ready === 0) this.#scan();
      if (this.#ready === 0 || position === end) return position - at;
      const count = this.#bytes.copy(into, position, Math.min(end, position + this.#ready));
      position += count;
      this.#ready -= count;
    }
  }

  #refuse(): void {
    this.#state = 'broken';
    this.#ready = 0;
    this.#onFault('body-too-large', `it is longer than ${this.maxBytes} bytes`);
  }

  /** Passes over framing to the next data; the end is found as soon as it is there, not at the next read. */
  #scan(): void {
    const { input } = this.#bytes;
    const reader = this.#reader;
    while (this.#state === 'open' && input.size > 0) {
      const event = reader.read(input.bytes, input.at, input.end);
      if (event === 'data') {
        this.#bytes.skip(reader.dataStart - input.at);
        this.#ready = reader.dataEnd - reader.dataStart;
        this.#found += this.#ready;
        if (this.#found > this.maxBytes) this.#refuse();
        return;
      }
      this.#bytes.skip(reader.position - input.at);
      if (event === 'end') {
        this.#state = 'ended';
        this.#bytes.onEnded();
      } else if (event !== 'more') {
        this.#state = 'broken';
        this.#onFault(event, reader.detail);
      }
    }
  }
}
