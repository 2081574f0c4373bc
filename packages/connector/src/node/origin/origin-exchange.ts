import type { Reason } from '@reverse-http/protocol/errors';
import type { AcceptedExchange, RequestHandler } from '@reverse-http/protocol/exchange';
import { type Head, lastChunk, lastChunkBeforeTrailers } from '@reverse-http/protocol/http1';
import type { Slab } from '@reverse-http/protocol/pipe';
import type { ClientConnection, ConnectionUser } from '../client/client-connection.js';
import type { ConnectionPool, ConnectionWaiter } from '../client/connection-pool.js';
import { AnswerBody, type AnswerBodyOwner, highWaterMark } from './answer-body.js';
import { answerHeadBytes } from './answer-head.js';
import { copyPiece, frameChunk } from './body-piece.js';
import type { RequestFraming, RequestHeads } from './request-heads.js';
import { isConnect, isHead, isIdempotent, isTrace } from './request-method.js';
import { SentRequest } from './sent-request.js';

/** What all exchanges with an origin share. */
export interface OriginHost {
  readonly pool: ConnectionPool;
  readonly requestHeads: RequestHeads;
  /** Where small pieces are put; made of buffers. */
  readonly slab: Slab;
  /** The origin answered what is no answer, or broke one off. */
  onFailure(detail: string): void;
  /** A request has come. */
  onBegun(): void;
  /** An exchange that had begun is over. */
  onDone(): void;
}

/** Interim answers to one request, at most: more are no answer. */
const maxInterims = 1000;
/** The same, bytes: they wait for the visitor, who may not read. */
const maxInterimBytes = 256 * 1024;

/** One exchange on its way to an origin that listens, and back. */
export class OriginExchange implements RequestHandler, ConnectionUser, ConnectionWaiter, AnswerBodyOwner {
  isHead = false;
  asksUpgrade = false;
  readonly #exchange: AcceptedExchange;
  readonly #host: OriginHost;
  #framing: RequestFraming = 'none';
  /** What was or is to be written; undefined once it needs not be written again. */
  #sent: SentRequest | undefined;
  #connection: ClientConnection | undefined;
  #body: AnswerBody | undefined;
  /** Bytes of the request's body still to come, where its length is known. */
  #left = 0;
  /** Bytes of the request that the origin's connection has not taken. */
  #owed = 0;
  /** The request came whole; after an upgrade, the visitor's side ended. */
  #read = false;
  /** The answer was taken by the session, with its end. */
  #answered = false;
  #upgraded = false;
  #repeated = false;
  #interims = 0;
  #interimBytes = 0;
  #over = false;

  constructor(exchange: AcceptedExchange, host: OriginHost) {
    this.#exchange = exchange;
    this.#host = host;
  }

  onRequest(head: Head, ended: boolean): void {
    const { requestHeads, pool } = this.#host;
    this.#host.onBegun();
    if (isConnect(head)) return this.#refuse('CONNECT leads nowhere but to the server itself');
    // An echo shows scripts what they must not see (RFC 9110, section 9.3.8), and what lies between here and the origin.
    if (isTrace(head)) return this.#refuse('TRACE is not forwarded');
    this.isHead = isHead(head);
    // A body that is framed would come before the upgraded stream: then the upgrade is passed over (RFC 9110, section 7.8).
    this.asksUpgrade = head.upgrade && head.contentLength <= 0;
    this.#read = ended;
    if (!ended && !this.asksUpgrade) this.#framing = head.contentLength < 0 ? 'chunked' : 'length';
    this.#left = Math.max(0, head.contentLength);
    const fault = requestHeads.faultOf(head);
    if (fault !== undefined) return this.#refuse(fault);
    const connection = pool.acquire(this);
    const bytes = requestHeads.write(head, this.#framing, this.asksUpgrade, connection?.block);
    this.#sent = new SentRequest(bytes, isIdempotent(head));
    if (connection) this.onConnection(connection);
  }

  onConnection(connection: ClientConnection): void {
    const sent = this.#sent!;
    this.#connection = connection;
    connection.begin(this);
    if (this.#framing !== 'none') connection.gather();
    const ready = sent.writeTo(connection);
    // Only a connection that was kept may have died before this request, and only once is that a reason to repeat it.
    if (connection.fresh || !sent.idempotent || this.#repeated) this.#sent = undefined;
    if (ready) this.onDrain();
  }

  onRefused(): void {
    this.#fail('origin-refused', 'the server behind the connector takes no connections');
  }

  onBody(bytes: Uint8Array): void {
    if (this.#over) return;
    if (this.asksUpgrade && !this.#upgraded) return this.#refuse('bytes of an upgrade that was not granted');
    const { slab } = this.#host;
    this.#left -= bytes.length;
    this.#write(this.#framing === 'chunked' ? frameChunk(bytes, slab) : copyPiece(bytes, slab), bytes.length);
  }

  onEnd(trailers: Uint8Array | undefined): void {
    this.#read = true;
    if (this.#over) return;
    if (this.#upgraded) this.#endUpgraded();
    else if (this.#framing === 'chunked') {
      if (!trailers) return this.#write(lastChunk, 0);
      this.#write(lastChunkBeforeTrailers, 0);
      this.#write(new Uint8Array(trailers), 0);
    }
  }

  onAborted(): void {
    this.#leave();
  }

  onDrain(): void {
    const owed = this.#owed;
    this.#owed = 0;
    if (owed > 0) this.#exchange.consumed(owed);
  }

  onInterim(head: Head): void {
    this.#sent = undefined;
    this.#interimBytes += head.end - head.start;
    if (++this.#interims > maxInterims || this.#interimBytes > maxInterimBytes) {
      return this.#fail('bad-answer', 'interim answers without end');
    }
    this.#exchange.sendInterim(answerHeadBytes(head, false, this.#host.slab));
  }

  onSwitching(head: Head): void {
    this.#sent = undefined;
    this.#upgraded = true;
    this.#host.pool.detach(this.#connection!);
    this.#exchange.sendHead(answerHeadBytes(head, true, this.#host.slab), false);
    this.#beginBody();
    if (this.#read) this.#connection?.end();
  }

  onAnswerHead(head: Head, ended: boolean): void {
    this.#sent = undefined;
    this.#exchange.sendHead(answerHeadBytes(head, false, this.#host.slab), ended);
    if (!ended) return this.#beginBody();
    this.#giveBack();
    this.onTaken();
  }

  onAnswerBody(bytes: Uint8Array, start: number, end: number): void {
    const body = this.#body;
    if (!body) return;
    body.add(bytes, start, end, this.#host.slab);
    this.#exchange.wake(body.length);
    if (body.length > highWaterMark) this.#connection?.pause();
  }

  onAnswerEnd(trailers: Uint8Array | undefined): void {
    if (!this.#upgraded) this.#giveBack();
    this.#body?.end(trailers);
    this.#exchange.wake();
  }

  onFault(detail: string): void {
    this.#fail('bad-answer', detail);
  }

  onLost(detail: string, started: boolean): void {
    this.#connection = undefined;
    if (this.#over) return;
    const { pool } = this.#host;
    if (this.#sent && !started) {
      this.#repeated = true;
      return pool.acquireFresh(this);
    }
    if (this.#upgraded && this.#read && this.#body!.complete) return; // Both sides ended, and the rest is on its way.
    this.#fail(this.#upgraded ? 'connector-lost' : 'bad-answer', detail);
  }

  onRoom(): void {
    this.#connection?.resume();
  }

  onTaken(): void {
    this.#answered = true;
    if (!this.#upgraded || this.#read) this.#done();
  }

  /** `credit` goes back once the origin's connection has taken the bytes. */
  #write(bytes: Uint8Array, credit: number): void {
    const connection = this.#connection;
    this.#owed += credit;
    if (this.#sent && !this.#sent.add(bytes) && connection) this.#sent = undefined;
    if (connection?.write(bytes)) this.onDrain();
  }

  #beginBody(): void {
    this.#body = new AnswerBody(this, this.#host.slab);
    this.#exchange.sendBody(this.#body);
  }

  /** The answer is whole: the connection can serve again, unless its request still comes. */
  #giveBack(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (!connection) return;
    // Its last byte may come before the word that it was the last.
    const written = this.#read || this.asksUpgrade || (this.#framing === 'length' && this.#left === 0);
    if (!written) this.#exchange.stopReading();
    if (written && connection.reader.keepsAlive) this.#host.pool.release(connection);
    else connection.destroy();
  }

  #endUpgraded(): void {
    this.#connection?.end();
    if (this.#answered) this.#done();
  }

  #refuse(detail: string): void {
    this.#exchange.abort('bad-request', detail);
    this.#leave();
  }

  #fail(reason: Reason, detail: string): void {
    if (this.#over) return;
    this.#exchange.abort(reason, detail);
    this.#leave();
    if (reason === 'bad-answer') this.#host.onFailure(detail);
  }

  /** Gives up what this exchange holds. */
  #leave(): void {
    if (this.#over) return;
    this.#host.pool.cancel(this);
    this.#connection?.destroy();
    this.#connection = this.#body = this.#sent = undefined;
    this.#done();
  }

  #done(): void {
    if (this.#over) return;
    this.#over = true;
    this.#host.onDone();
  }
}
