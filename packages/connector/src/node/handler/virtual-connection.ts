import type { ServerResponse } from 'node:http';
import type { Answer } from './answer.js';
import { ExchangeSocket } from './exchange-socket.js';
import type { WriteCallback } from './write-queue.js';

/** The exchange that a virtual connection belongs to. */
export interface VirtualConnectionOwner {
  /** Bytes that came. */
  readonly received: number;
  /** The server wants to read more. */
  onWanted(): void;
  /** The server is done with the response that it wrote here. */
  onResponded(): void;
  /** The connection was destroyed, by whomever. */
  onDestroyed(): void;
}

/** A connection that a server believes it accepted: it reads what is pushed, and what it writes becomes an answer. */
export class VirtualConnection extends ExchangeSocket {
  readonly #answer: Answer;
  readonly owner: VirtualConnectionOwner;
  #waiting: WriteCallback | undefined;
  #response: ServerResponse | null = null;

  constructor(metadata: string, answer: Answer, owner: VirtualConnectionOwner) {
    super(metadata);
    this.#answer = answer;
    this.owner = owner;
  }

  /** Set by `ServerResponse.assignSocket`, and taken back once the handler has ended the response. */
  get _httpMessage(): ServerResponse | null {
    return this.#response;
  }

  set _httpMessage(response: ServerResponse | null) {
    this.#response = response;
    if (response === null) this.owner.onResponded();
  }

  get bytesRead(): number {
    return this.owner.received;
  }

  get bytesWritten(): number {
    return this.#answer.written;
  }

  /** The answer has room again. */
  onDrained(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  override _read(): void {
    this.owner.onWanted();
  }

  override _write(chunk: string | Uint8Array, encoding: BufferEncoding, callback: WriteCallback): void {
    this.touch();
    // Held until taken from here on, so what the writer may reuse after its callback is copied.
    const bytes = typeof chunk === 'string' ? chunk : Buffer.from(chunk);
    const ready = this.#answer.write(bytes, typeof chunk === 'string' ? encoding : undefined, undefined);
    if (ready) callback();
    else this.#waiting = callback;
  }

  override _final(callback: WriteCallback): void {
    this.#answer.finish();
    callback();
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    // The server listens; who took an upgraded stream over may not, and must not bring the process down.
    const heard = this.listenerCount('error') > 0 ? error : null;
    super._destroy(error, () => callback(heard));
    this.owner.onDestroyed();
  }
}
