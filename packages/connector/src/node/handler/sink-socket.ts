import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Answer } from './answer.js';
import { ExchangeSocket } from './exchange-socket.js';
import type { WriteCallback } from './write-queue.js';

/** The exchange that a sink belongs to. */
export interface SinkOwner {
  /** The request's reader wants more. */
  onWanted(): void;
  /** The sink was destroyed; true if by the handler, who hears of it as late as of a real socket's end. */
  onSinkDestroyed(): boolean;
  readonly request: IncomingMessage | undefined;
  readonly received: number;
}

/**
 * The socket of one request: takes the exact bytes that a `ServerResponse` writes. Nothing is ever read from it; the
 * request is filled from outside.
 */
export class SinkSocket extends ExchangeSocket {
  /** Set by `ServerResponse.assignSocket`. */
  _httpMessage: ServerResponse | null = null;
  /** Asked by `ServerResponse`: whether to keep `finish` to itself. */
  _hadError = false;
  readonly server: Server;
  readonly owner: SinkOwner;
  readonly #answer: Answer;

  constructor(metadata: string, server: Server, owner: SinkOwner, answer: Answer) {
    super(metadata);
    this.server = server;
    this.owner = owner;
    this.#answer = answer;
  }

  get bytesRead(): number {
    return this.owner.received;
  }

  get bytesWritten(): number {
    return this.#answer.written;
  }

  // @ts-expect-error -- a property in the declarations, but a getter of the prototype in every version of Node
  override get writableLength(): number {
    return this.#answer.incomplete;
  }

  /** How `IncomingMessage` asks for more of its body. */
  override resume(): this {
    this.owner.onWanted();
    return this;
  }

  override write(chunk: unknown, encoding?: BufferEncoding | WriteCallback | null, callback?: WriteCallback): boolean {
    const written = typeof encoding === 'function' ? encoding : callback;
    const coding = typeof encoding === 'string' ? encoding : undefined;
    const valid = typeof chunk === 'string' || chunk instanceof Uint8Array;
    // Errors are the stream's own business: wrong types, writing after the end or after destruction.
    if (!valid || this.writableEnded || this.destroyed) return super.write(chunk, coding ?? 'utf8', written);
    this.touch();
    return this.#answer.write(chunk, coding, written ?? undefined);
  }

  /** Reached by `end(chunk)` alone. */
  override _write(chunk: string | Uint8Array, encoding: BufferEncoding, callback: WriteCallback): void {
    this.#answer.write(chunk, typeof chunk === 'string' ? encoding : undefined, callback);
  }

  override _final(callback: WriteCallback): void {
    this.#answer.finish();
    callback();
  }

  override _read(): void {}

  override _destroy(error: Error | null, callback: WriteCallback): void {
    const late = this.owner.onSinkDestroyed();
    // The handle of a real socket closes in the event loop's last phase, and `close` comes then.
    if (late) setImmediate(() => super._destroy(error, callback));
    else super._destroy(error, callback);
  }

  /** As Node's server does with a socket that has been idle for the time set on it. */
  protected override onIdle(): void {
    const { request } = this.owner;
    const heard = request !== undefined && !request.complete && request.emit('timeout', this);
    const answered = this._httpMessage?.emit('timeout', this) ?? false;
    const served = this.server.emit('timeout', this);
    super.onIdle();
    if (!heard && !answered && !served) this.destroy();
  }
}
