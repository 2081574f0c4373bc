import { isRefusal, type Reason, reasonOfReset, resetCodeOf } from '../errors/index.js';
import type { Head } from '../http1/index.js';
import { type ByteSource, type MuxStream, maxHeadPayload, type StreamHandler } from '../mux/index.js';
import { BodyLength } from './body-length.js';
import { scanExchangeRequest, scanExchangeTrailers } from './scan-exchange-head.js';

/** What the acceptor's handler hears. Heads and bytes are valid only during the call. */
export interface RequestHandler {
  /** The request; `ended`: it has no body. `head.upgrade`: it asks for an upgrade, or a tunnel. */
  onRequest(head: Head, ended: boolean): void;
  /** Bytes of body or upgraded stream; give their credit back with {@link AcceptedExchange.consumed}. */
  onBody(bytes: Uint8Array): void;
  /** The request is whole. */
  onEnd(trailers: Uint8Array | undefined): void;
  /** The visitor left, or the session was lost: nothing more can be answered. */
  onAborted(reason: Reason, detail: string): void;
}

/** The acceptor's side of an exchange (the connector's): checks the request, sends the answer. */
export class AcceptedExchange implements StreamHandler {
  handler: RequestHandler;
  readonly #stream: MuxStream;
  readonly #head: Head;
  readonly #length = new BodyLength();
  #state: 'waiting' | 'reading' | 'read' | 'ended' = 'waiting';
  #answered = false;
  #upgraded = false;

  /**
   * @param head Scratch for the request's head; used during the call only, so one serves all exchanges of a session.
   */
  constructor(stream: MuxStream, head: Head, handlerOf: (exchange: AcceptedExchange) => RequestHandler) {
    this.#stream = stream;
    this.#head = head;
    this.handler = handlerOf(this);
  }

  /** Whether nothing can be sent any more. */
  get closed(): boolean {
    return this.#stream.closed || this.#stream.localEnded;
  }

  /** Sends a 1xx head but 101. `bytes` must not change afterwards, here and below. */
  sendInterim(bytes: Uint8Array): void {
    if (bytes.length > maxHeadPayload) return this.#breakOff('bad-answer', headTooLarge);
    this.#answered = true;
    this.#stream.sendInterim(bytes);
  }

  /**
   * Sends the final head, or a 101; `ended`: nothing follows. Else {@link sendBody} must come. A head above 56 KiB ends
   * the exchange with `bad-answer`, here and there.
   */
  sendHead(bytes: Uint8Array, ended: boolean): void {
    if (bytes.length > maxHeadPayload) return this.#breakOff('bad-answer', headTooLarge);
    this.#answered = true;
    this.#upgraded = isSwitching(bytes);
    this.#stream.sendHead(bytes, ended);
  }

  /** Sends the body, or the upgraded stream. */
  sendBody(source: ByteSource): void {
    this.#stream.sendBody(source);
  }

  /** The body has something new, its end perhaps; `bytes`: so many are known to wait in it. */
  wake(bytes = 0): void {
    this.#stream.wake(bytes);
  }

  /** Bytes of {@link RequestHandler.onBody} are gone. */
  consumed(bytes: number): void {
    this.#stream.consumed(bytes);
  }

  /** The rest of the request is not wanted: it is dropped, and stopped once the answer has left. */
  stopReading(): void {
    if (this.#state === 'reading') this.#state = 'read';
    this.#stream.stopReading();
  }

  /**
   * Gives up: the visitor gets the reason, or sees the connection die when the head is out. `overloaded` and `draining`
   * promise that the handler was not called, so the request may go elsewhere; once something was answered they do not.
   */
  abort(reason: Reason, detail = ''): void {
    this.#state = 'ended';
    const code = resetCodeOf(reason);
    this.#stream.reset(this.#answered && isRefusal(code) ? resetCodeOf('connector-lost') : code, detail);
  }

  onHead(bytes: Uint8Array, _interim: boolean, ended: boolean): void {
    const head = this.#head;
    if (this.#state !== 'waiting') return;
    const fault = scanExchangeRequest(head, bytes);
    if (fault !== undefined) return this.abort('bad-request', fault);
    this.#length.expect(head.contentLength);
    if (ended && !this.#length.complete && head.contentLength > 0)
      return this.abort('bad-request', 'a body is missing');
    this.#state = ended ? 'read' : 'reading';
    this.handler.onRequest(head, ended);
  }

  onData(bytes: Uint8Array): void {
    if (this.#state !== 'reading') return;
    // After a 101 the bytes are opaque, whatever length the request announced.
    if (!this.#length.add(bytes.length) && !this.#upgraded)
      return this.#breakOff('bad-request', 'a body longer than its Content-Length');
    this.handler.onBody(bytes);
  }

  onEnd(trailers: Uint8Array | undefined): void {
    if (this.#state !== 'reading') return;
    if (!this.#length.complete && !this.#upgraded)
      return this.#breakOff('bad-request', 'a body shorter than its Content-Length');
    const fault = trailers && scanExchangeTrailers(this.#head, trailers);
    if (fault !== undefined) return this.#breakOff('bad-request', fault);
    this.#state = 'read';
    this.handler.onEnd(trailers);
  }

  onReset(code: number, detail: string): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.handler.onAborted(reasonOfReset(code), detail);
  }

  #breakOff(reason: Reason, detail: string): void {
    if (this.#state === 'ended') return;
    this.abort(reason, detail);
    this.handler.onAborted(reason, detail);
  }
}

const headTooLarge = 'the head does not fit a frame';

/** Whether a head of ours is a 101: `HTTP/1.1 101`. */
function isSwitching(bytes: Uint8Array): boolean {
  return bytes[9] === 0x31 && bytes[10] === 0x30 && bytes[11] === 0x31;
}
