import { fieldName, fieldValue, type Head, type WrittenBody, writeLatin1 } from '@reverse-http/protocol/http1';

import type { PostOutcome } from '../../transport/poll.js';
import type { ClientConnection, ConnectionUser } from '../client/client-connection.js';
import type { ConnectionPool, ConnectionWaiter } from '../client/connection-pool.js';
import { type OutboundProxy, wantsCredentials } from '../proxy/outbound-proxy.js';

/** Where posts go. */
export interface Endpoint {
  readonly pool: ConnectionPool;
  /** A request's head up to the value of `Content-Length`. */
  readonly head: string;
  /** Who is asked in the gateway's place. */
  readonly proxy: OutboundProxy | undefined;
}

/** Longer answers are not a gateway's: at most 4 MiB are asked for. */
const maxAnswerBytes = 8 * 1024 * 1024;
/** However long a server wishes to be left alone, nobody waits for longer, ms. A timer takes no more than 2^31 ms. */
const maxRetryAfterMs = 3_600_000;

/** A POST and its answer. */
export class PostExchange implements ConnectionUser, ConnectionWaiter {
  readonly isHead = false;
  readonly asksUpgrade = false;
  readonly #endpoint: Endpoint;
  readonly #body: WrittenBody;
  readonly #done: (outcome: PostOutcome) => void;
  readonly #onMoved: (bytes: number) => void;
  #connection: ClientConnection | undefined;
  #status = 0;
  #retryAfterMs = 0;
  /** Length of the answer's body; -1 until it is told, by its end perhaps. */
  #length = -1;
  #received = 0;
  #pieces: Uint8Array[] = [];
  /** Where an answer of known length is put together. */
  #whole: Uint8Array | undefined;
  #over = false;

  /** @param done Called once, later; an answer's body is valid only during the call. */
  constructor(
    endpoint: Endpoint,
    body: WrittenBody,
    done: (outcome: PostOutcome) => void,
    onMoved: (bytes: number) => void,
  ) {
    this.#endpoint = endpoint;
    this.#body = body;
    this.#done = done;
    this.#onMoved = onMoved;
  }

  begin(): void {
    const connection = this.#endpoint.pool.acquire(this);
    if (connection) this.onConnection(connection);
  }

  /** Nothing is called any more. */
  giveUp(): void {
    this.#over = true;
    this.#endpoint.pool.cancel(this);
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  onConnection(connection: ClientConnection): void {
    const { length } = this.#body;
    this.#connection = connection;
    connection.begin(this);
    const head = `${this.#endpoint.head}${length}\r\n\r\n`;
    const block = connection.blockFor(head.length + length);
    const headEnd = writeLatin1(head, block, 0);
    this.#body.writeTo(block, headEnd);
    connection.write(block.subarray(0, headEnd + length));
  }

  onRefused(error: NodeJS.ErrnoException): void {
    // An address of several (`localhost`) fails with an error that has a code, but no message.
    this.#finish({ kind: 'failed', detail: error.message || error.code || String(error) });
  }

  onDrain(): void {}

  onInterim(): void {}

  onSwitching(): void {} // Never: no upgrade is asked for.

  onAnswerHead(head: Head, ended: boolean): void {
    this.#status = head.status;
    this.#length = head.contentLength;
    if (head.status !== 200) this.#retryAfterMs = retryAfterMsOf(head);
    if (ended) this.onAnswerEnd();
  }

  onAnswerBody(bytes: Uint8Array, start: number, end: number): void {
    const piece = bytes.subarray(start, end);
    this.#received += piece.length;
    if (Math.max(this.#received, this.#length) > maxAnswerBytes) return this.#fail('the answer is too long');
    this.#onMoved(piece.length);
    // One that is whole is used before the call ends.
    if (piece.length === this.#length) this.#whole = piece;
    else if (this.#length < 0) this.#pieces.push(new Uint8Array(piece));
    else {
      this.#whole ??= this.#connection!.answerBlockFor(this.#length).subarray(0, this.#length);
      this.#whole.set(piece, this.#received - piece.length);
    }
  }

  onAnswerEnd(): void {
    const connection = this.#connection!;
    this.#connection = undefined;
    if (connection.reader.keepsAlive) this.#endpoint.pool.release(connection);
    else connection.destroy();
    this.#finish(this.#outcome());
  }

  onFault(detail: string): void {
    this.#fail(detail);
  }

  onLost(detail: string): void {
    this.#connection = undefined;
    const { proxy } = this.#endpoint;
    // One that refuses before it has read the body may take its answer back by a reset.
    this.#finish({ kind: 'failed', detail: proxy ? `${detail} (through the proxy ${proxy.name})` : detail });
  }

  #outcome(): PostOutcome {
    const status = this.#status;
    if (status === 200) return { kind: 'answer', body: this.#joined() };
    if (status === 413) return { kind: 'too-large' };
    const retry = this.#retryAfterMs > 0 ? { retryAfterMs: this.#retryAfterMs } : {};
    const { proxy } = this.#endpoint;
    if (!proxy) return { kind: 'failed', detail: `HTTP ${status}`, status, ...retry };
    return { kind: 'failed', detail: answerThrough(proxy, status), ...retry };
  }

  #joined(): Uint8Array {
    return this.#whole ?? Buffer.concat(this.#pieces, this.#received);
  }

  #fail(detail: string): void {
    this.#connection?.destroy();
    this.#connection = undefined;
    this.#finish(this.#status === 0 ? { kind: 'failed', detail, notHttp: true } : { kind: 'failed', detail });
  }

  #finish(outcome: PostOutcome): void {
    if (this.#over) return;
    this.#over = true;
    this.#done(outcome);
  }
}

/** Nothing tells whether a proxy speaks for itself, but for the one status that nobody else has. */
function answerThrough(proxy: OutboundProxy, status: number): string {
  if (status === 407) return wantsCredentials(proxy, status);
  return `HTTP ${status} came from the proxy ${proxy.name}, or from behind it`;
}

/** 0 where the answer does not say. */
function retryAfterMsOf(head: Head): number {
  for (let i = 0; i < head.count; i++) {
    if (fieldName(head, i).toLowerCase() !== 'retry-after') continue;
    const seconds = Number(fieldValue(head, i));
    return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, maxRetryAfterMs) : 0;
  }
  return 0;
}
