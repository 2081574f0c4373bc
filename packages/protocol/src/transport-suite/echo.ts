import type { MuxStream, StreamHandler } from '../mux/index.js';

/** The byte at an offset of what a stream says; different from stream to stream. */
function byteAt(tag: number, offset: number): number {
  return (tag * 89 + offset * 31 + (offset >>> 8) * 7) & 0xff;
}

/** Sends so many bytes and expects the same ones back. */
export class Echo implements StreamHandler {
  stream: MuxStream | undefined;
  head = '';
  received = 0;
  end: 'none' | 'whole' | 'reset' = 'none';
  /** False: what comes is not consumed, so that the sender has to stop. */
  consumes = true;
  readonly trailers = undefined;
  readonly #tag: number;
  readonly #total: number;
  readonly #notify: () => void;
  #offset = 0;
  #unread = 0;

  constructor(tag: number, total: number, notify: () => void) {
    this.#tag = tag;
    this.#total = total;
    this.#notify = notify;
  }

  get ended(): boolean {
    return this.#offset === this.#total;
  }

  read(into: Uint8Array, at: number, end: number): number {
    const length = Math.min(this.#total - this.#offset, end - at);
    for (let i = 0; i < length; i++) into[at + i] = byteAt(this.#tag, this.#offset + i);
    this.#offset += length;
    return length;
  }

  onHead(bytes: Uint8Array): void {
    this.head = String.fromCharCode(...bytes);
    this.#notify();
  }

  onData(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] !== byteAt(this.#tag, this.received + i)) throw new Error(`wrong byte at ${this.received + i}`);
    }
    this.received += bytes.length;
    this.#unread += bytes.length;
    if (this.consumes) this.consume();
    this.#notify();
  }

  consume(): void {
    this.stream!.consumed(this.#unread);
    this.#unread = 0;
  }

  onEnd(): void {
    this.end = 'whole';
    this.#notify();
  }

  onReset(): void {
    this.end = 'reset';
    this.#notify();
  }
}
