import {
  chunkEnd,
  copyBytes,
  lastChunk,
  lastChunkBeforeTrailers,
  maxChunkHeaderBytes,
  writeChunkSize,
} from '@reverse-http/protocol/http1';
import type { ByteSink } from '@reverse-http/protocol/mux';
import type { Output } from './output.js';

/** How an answer's end is told (RFC 9112, section 6.3): `none` has no body, `close` ends with the connection. */
export type Framing = 'none' | 'length' | 'chunked' | 'close' | 'raw';

/** Chunks up to this length are written as one piece with their framing. */
const wholeChunk = 4096;

/** Takes an answer's body and frames it. */
export class AnswerSink implements ByteSink {
  onDrain: (() => void) | undefined;
  /** Bytes of body written. */
  written = 0;
  readonly #output: Output;
  readonly #framing: Framing;
  readonly #onEnd: () => void;
  #ended = false;

  constructor(output: Output, framing: Framing, onEnd: () => void) {
    this.#output = output;
    this.#framing = framing;
    this.#onEnd = onEnd;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ended || this.#framing === 'none') return true;
    this.written += bytes.length;
    if (this.#framing !== 'chunked') this.#output.write(bytes);
    else if (bytes.length <= wholeChunk) this.#writeWholeChunk(bytes);
    else this.#writeLongChunk(bytes);
    return this.#output.writable;
  }

  end(trailers?: Uint8Array): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#framing === 'chunked') {
      this.#output.write(trailers ? lastChunkBeforeTrailers : lastChunk);
      if (trailers) this.#output.write(trailers);
    }
    this.#output.flush();
    this.#onEnd();
  }

  #writeWholeChunk(bytes: Uint8Array): void {
    if (bytes.length === 0) return; // An empty chunk would be the last one.
    const output = this.#output;
    let at = output.reserve(maxChunkHeaderBytes + bytes.length + chunkEnd.length);
    at = writeChunkSize(output.block, at, bytes.length);
    at = copyBytes(bytes, 0, bytes.length, output.block, at);
    output.commit(copyBytes(chunkEnd, 0, chunkEnd.length, output.block, at));
  }

  #writeLongChunk(bytes: Uint8Array): void {
    const output = this.#output;
    const at = output.reserve(maxChunkHeaderBytes);
    output.commit(writeChunkSize(output.block, at, bytes.length));
    output.write(bytes);
    output.write(chunkEnd);
  }
}
