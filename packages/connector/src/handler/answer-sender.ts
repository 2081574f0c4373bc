import type { AcceptedExchange } from '@reverse-http/protocol/exchange';
import type { Answer } from './answer.js';
import { encodeHead, encodeTrailers } from './answer-head.js';
import { BodyPump, type BodyPumpOwner, cancelSource } from './body-pump.js';
import type { TrailersInit } from './fetch-handler.js';
import type { FetchHost } from './fetch-host.js';
import { type FieldsInit, refused } from './field-lines.js';
import { OutgoingBody, type OutgoingBodyOwner } from './outgoing-body.js';

/** Who hears what became of an answer. */
export interface AnswerSenderOwner {
  /** All of it was taken by the pipe. */
  onAnswered(): void;
  /** It cannot be sent to its end. */
  onAnswerFailed(error: unknown): void;
}

/** Sends a handler's answer. A body that is at hand before the turn ends leaves with its length, as one piece. */
export class AnswerSender implements OutgoingBodyOwner, BodyPumpOwner {
  readonly #exchange: AcceptedExchange;
  readonly #host: FetchHost;
  readonly #owner: AnswerSenderOwner;
  readonly #answer: Answer;
  #body: OutgoingBody | undefined;
  #pump: BodyPump | undefined;
  /** The head waits: perhaps the whole body comes at once. */
  #held = false;
  #over = false;

  constructor(exchange: AcceptedExchange, host: FetchHost, owner: AnswerSenderOwner, answer: Answer) {
    this.#exchange = exchange;
    this.#host = host;
    this.#owner = owner;
    this.#answer = answer;
  }

  /**
   * Begins.
   *
   * @throws ReverseHttpError `handler-failed` for what cannot be sent; nothing was, then.
   */
  send(isHead: boolean): void {
    const { status, source, bytes } = this.#answer;
    if (isHead || status === 204 || status === 205 || status === 304) this.#sendBodiless(isHead);
    else if (bytes) this.#sendBytes(bytes);
    else this.#sendPieces(source!);
  }

  /** The exchange is over; the body's source hears why. */
  cancel(reason: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#held = false;
    this.#pump?.cancel(reason);
    this.#body?.drop();
  }

  /** Called by the host: the head waits no longer. */
  onTurnEnd(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#guard(() => this.#sendOpen(-1));
  }

  onRoom(): void {
    this.#pump?.resume();
  }

  onAllTaken(): void {
    if (this.#over) return;
    this.#over = true;
    this.#owner.onAnswered();
  }

  onPumped(): void {
    if (!this.#held) this.#exchange.wake();
  }

  onSourceEnded(): void {
    const { bytes } = this.#pump!;
    const { fields, trailers } = this.#answer;
    if (this.#held) {
      this.#held = false;
      this.#guard(() => this.#sendWhole(bytes));
    } else if (bytes < fields.contentLength) {
      this.onSourceFailed(refused('the body is shorter than its Content-Length'));
    } else this.#end(trailers);
  }

  onSourceFailed(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#owner.onAnswerFailed(error);
  }

  /** HEAD and some statuses: what would be the body's length may be told, but no body follows. */
  #sendBodiless(isHead: boolean): void {
    const { status, fields, bytes, source } = this.#answer;
    if (source) cancelSource(source, undefined);
    if (!isHead && (source || bytes!.length > 0)) throw refused(`a ${status} has no body`);
    const counted = bytes && bytes.length > 0 ? bytes.length : -1;
    const length = fields.contentLength < 0 && isHead ? counted : fields.contentLength;
    this.#sendHead(status === 204 ? -1 : status === 205 ? 0 : length, true);
    this.onAllTaken();
  }

  #sendBytes(bytes: Uint8Array): void {
    const { fields, trailers } = this.#answer;
    const { contentLength } = fields;
    if (contentLength >= 0 && contentLength !== bytes.length)
      throw refused(`Content-Length is ${contentLength}, but the body has ${bytes.length} bytes`);
    this.#body = new OutgoingBody(this);
    this.#body.push(bytes);
    if (trailers === undefined) return this.#sendWhole(bytes.length);
    this.#sendOpen(contentLength);
    this.#end(trailers);
  }

  #sendPieces(source: NonNullable<Answer['source']>): void {
    const { fields, trailers } = this.#answer;
    const { contentLength } = fields;
    this.#body = new OutgoingBody(this);
    this.#pump = new BodyPump(source, this.#body, this, contentLength < 0 ? Number.POSITIVE_INFINITY : contentLength);
    if (contentLength >= 0 || trailers !== undefined) this.#sendOpen(contentLength);
    else {
      this.#held = true;
      this.#host.atTurnEnd(this);
    }
    this.#pump.resume();
  }

  /** The body is complete. */
  #sendWhole(length: number): void {
    this.#sendHead(length, length === 0);
    if (length === 0) return this.onAllTaken();
    this.#body!.end();
    this.#exchange.sendBody(this.#body!);
  }

  /** The body goes on. */
  #sendOpen(contentLength: number): void {
    this.#sendHead(contentLength, false);
    this.#exchange.sendBody(this.#body!);
  }

  #sendHead(contentLength: number, ended: boolean): void {
    const { status, reason, fields } = this.#answer;
    const length = contentLength < 0 ? '' : `Content-Length: ${contentLength}\r\n`;
    this.#exchange.sendHead(encodeHead(this.#host.slab, status, reason, fields.text + length), ended);
  }

  #end(trailers: TrailersInit | undefined): void {
    if (trailers === undefined) return this.#endBody(undefined);
    new Promise<FieldsInit>((resolve) => resolve(typeof trailers === 'function' ? trailers() : trailers))
      .then((fields) => this.#endBody(encodeTrailers(fields)))
      .catch((error: unknown) => this.onSourceFailed(error));
  }

  #endBody(trailers: Uint8Array | undefined): void {
    if (this.#over) return;
    this.#body!.end(trailers);
    this.#exchange.wake();
  }

  /** For what is sent later than {@link send}. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#pump?.cancel(error);
      this.onSourceFailed(error);
    }
  }
}
