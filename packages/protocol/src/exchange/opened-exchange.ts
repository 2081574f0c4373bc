import { isRefusal, type Reason, reasonOfReset, resetCodeOf } from '../errors/index.js';
import type { Asked, Head } from '../http1/index.js';
import {
  type ByteSource,
  type HeadSource,
  type Mux,
  type MuxStream,
  maxHeadPayload,
  type StreamHandler,
} from '../mux/index.js';
import { BodyLength } from './body-length.js';
import { scanExchangeAnswer, scanExchangeTrailers } from './scan-exchange-head.js';

/**
 * How far a request got, as visitors are told (problem document's `delivered`): `no` while it has no offset or was refused
 * (it may go elsewhere), `started` once a head of the answer came, else `unknown`.
 */
export type Delivered = 'no' | 'unknown' | 'started';

/** What the opener hears of its exchange. Heads and bytes are valid only during the call. */
export interface AnswerHandler {
  /**
   * A 1xx head but 101. Its credit is given back at once, unless this returns false: then it is to be given back with
   * {@link OpenedExchange.consumed} (`head.end` bytes) when the visitor has taken it.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: most users return nothing.
  onInterim(head: Head): void | boolean;
  /** The final head; `ended`: no body follows. */
  onAnswer(head: Head, ended: boolean): void;
  /** A 101 that was asked for, or the 2xx that grants a tunnel: bytes follow both ways. */
  onUpgrade(head: Head): void;
  /** Bytes of body or upgraded stream; give their credit back with {@link OpenedExchange.consumed}. */
  onBody(bytes: Uint8Array): void;
  /** The answer is whole. */
  onEnd(trailers: Uint8Array | undefined): void;
  /** The answer is whole and the connector reads no more of the request. */
  onStopReading(): void;
  /** The exchange failed before the answer was whole. */
  onFailed(reason: Reason, detail: string): void;
  /** The connector may be gone, and the request has not left: it can be aborted here and go to another one. */
  onStalled?(): void;
}

/** What the answer is to be checked against. */
export interface OpenedRequest {
  readonly isHead: boolean;
  readonly asks: Asked | undefined;
}

/**
 * The opener's side of an exchange (the gateway's): sends a request, checks every head and length of the answer, for the
 * server behind is hostile until shown otherwise.
 */
export class OpenedExchange implements StreamHandler {
  readonly #stream: MuxStream;
  readonly #request: OpenedRequest;
  readonly #handler: AnswerHandler;
  readonly #head: Head;
  readonly #length = new BodyLength();
  #state: 'waiting' | 'answering' | 'upgraded' | 'ended' = 'waiting';
  #started = false;
  #refused = false;

  private constructor(mux: Mux, request: OpenedRequest, handler: AnswerHandler, head: Head) {
    this.#request = request;
    this.#handler = handler;
    this.#head = head;
    this.#stream = mux.open(this)!;
  }

  /**
   * Opens an exchange, or gives undefined when the mux is full or its peer goes away.
   *
   * @param head Scratch for heads of the answer; used during calls only, so one serves many exchanges.
   */
  static open(mux: Mux, request: OpenedRequest, handler: AnswerHandler, head: Head): OpenedExchange | undefined {
    return mux.canOpen ? new OpenedExchange(mux, request, handler, head) : undefined;
  }

  /**
   * Sends the request; without a body nothing follows. The head is asked for when it leaves, and not after the exchange
   * has ended; given as bytes, these must not change. One above 56 KiB fails the exchange with `head-too-large`.
   */
  send(head: HeadSource | Uint8Array, body: ByteSource | undefined): void {
    const whole = head instanceof Uint8Array;
    const length = whole ? head.length : head.headBytes;
    if (length > maxHeadPayload) return this.#fail('the head does not fit a frame', 'head-too-large');
    if (whole) this.#stream.sendHead(head, body === undefined);
    else this.#stream.sendHeadOf(head, length, body === undefined);
    if (body) this.#stream.sendBody(body);
  }

  /** The body has something new, its end perhaps; `bytes`: so many are known to wait in it. */
  wake(bytes = 0): void {
    this.#stream.wake(bytes);
  }

  /** Bytes of {@link AnswerHandler.onBody} are gone. */
  consumed(bytes: number): void {
    this.#stream.consumed(bytes);
  }

  /** Gives up; nothing is heard any more. */
  abort(reason: Reason, detail = ''): void {
    this.#state = 'ended';
    this.#stream.reset(resetCodeOf(reason), detail);
  }

  get delivered(): Delivered {
    if (this.#started) return 'started';
    if (this.#refused) return 'no';
    return this.#stream.delivery === 'queued' ? 'no' : 'unknown';
  }

  onHead(bytes: Uint8Array, interim: boolean, ended: boolean): void {
    const head = this.#head;
    this.#started = true;
    if (this.#state !== 'waiting') return this.#fail('a second final head');
    const fault = scanExchangeAnswer(head, bytes);
    if (fault !== undefined) return this.#fail(fault);
    if (interim !== (head.status < 200 && head.status !== 101)) return this.#fail('an interim head out of place');
    if (interim) {
      if (this.#handler.onInterim(head) !== false) this.#stream.consumed(bytes.length);
    } else if (head.status === 101) this.#onGranted(head, ended, 'upgrade');
    else this.#onFinal(head, ended);
  }

  onData(bytes: Uint8Array): void {
    if (this.#state === 'answering') {
      if (!this.#length.add(bytes.length)) return this.#fail('a body longer than its Content-Length');
    } else if (this.#state === 'waiting') return this.#fail('a body before the head');
    if (this.#state !== 'ended') this.#handler.onBody(bytes);
  }

  onEnd(trailers: Uint8Array | undefined): void {
    if (this.#state === 'ended') return;
    if (this.#state === 'waiting') return this.#fail('an end before the head');
    if (this.#state === 'answering' && !this.#length.complete)
      return this.#fail('a body shorter than its Content-Length');
    const fault = trailers && scanExchangeTrailers(this.#head, trailers);
    if (fault !== undefined) return this.#fail(fault);
    if (trailers && this.#state === 'upgraded') return this.#fail('trailers after an upgrade');
    this.#state = 'ended';
    this.#handler.onEnd(trailers);
  }

  onReset(code: number, detail: string): void {
    if (this.#state === 'ended') {
      this.#handler.onStopReading();
      return;
    }
    this.#state = 'ended';
    this.#refused = isRefusal(code);
    this.#handler.onFailed(reasonOfReset(code), detail);
  }

  onStalled(): void {
    this.#handler.onStalled?.();
  }

  #onFinal(head: Head, ended: boolean): void {
    const { status } = head;
    if (this.#request.asks === 'tunnel' && status < 300) return this.#onGranted(head, ended, 'tunnel');
    const empty = this.#request.isHead || status === 204 || status === 205 || status === 304;
    // Its framing has room for content, which it must not have (RFC 9110, section 15.3.6).
    if (status === 205 && head.contentLength > 0 && !this.#request.isHead) return this.#fail('a 205 with content');
    this.#length.expect(empty ? 0 : head.contentLength);
    if (ended && !this.#length.complete) return this.#fail('a body shorter than its Content-Length');
    this.#state = ended ? 'ended' : 'answering';
    this.#handler.onAnswer(head, ended);
  }

  #onGranted(head: Head, ended: boolean, granted: Asked): void {
    if (this.#request.asks !== granted) return this.#fail('an upgrade that was not asked for');
    if (ended) return this.#fail('an upgrade that ends with its head');
    this.#state = 'upgraded';
    this.#handler.onUpgrade(head);
  }

  #fail(detail: string, reason: Reason = 'bad-answer'): void {
    if (this.#state === 'ended') return;
    this.abort(reason, detail);
    this.#handler.onFailed(reason, detail);
  }
}
