import type { AcceptedExchange } from '@reverse-http/protocol/exchange';
import { exchangeHeadLimits } from '@reverse-http/protocol/exchange';
import {
  type Asked,
  ChunkedReader,
  copyBytes,
  copyFields,
  dropField,
  dropHopByHop,
  Field,
  findField,
  findHeadEnd,
  type Head,
  type HeadLimits,
  scanResponseHead,
} from '@reverse-http/protocol/http1';
import { type WriteCallback, WriteQueue, type WriteQueueOwner } from './write-queue.js';

/** Bounds of an answer's head: what fits one frame; metadata lines are the gateway's alone. */
const answerHeadLimits: HeadLimits = { ...exchangeHeadLimits, metadata: false };

/** Pieces up to this length are copied when they are written. */
const copiedBytes = 4096;

const noBytes: Uint8Array = new Uint8Array(0);

/** The request that is answered, and who is to hear of it. */
export interface AnswerOwner extends WriteQueueOwner {
  /** Scratch, used during calls only. */
  readonly answerHead: Head;
  readonly isHead: boolean;
  readonly asks: Asked | undefined;
  /** What was written is no answer; the exchange was aborted with this. */
  onFault(detail: string): void;
  /** A 101, or the 2xx that grants a tunnel, went out: bytes pass both ways from now on. */
  onUpgraded(): void;
}

/**
 * Reads the HTTP/1.1 bytes that a server writes as its answer (RFC 9112) and sends them as heads, body and trailers of
 * an exchange. The server is not trusted: what is no proper answer aborts the exchange with `bad-answer`.
 */
export class Answer extends WriteQueue {
  readonly #exchange: AcceptedExchange;
  declare readonly owner: AnswerOwner;
  #state: 'head' | 'length' | 'chunked' | 'until-end' | 'opaque' | 'done' | 'failed' = 'head';
  /** Part of a head, while it is not whole. */
  #gathered: Uint8Array = noBytes;
  #searched = 0;
  /** Bytes of the body still to come, by its Content-Length. */
  #left = 0;
  #chunks: ChunkedReader | undefined;
  /** The answer must have no content, though its framing has room for some (205: RFC 9110, section 15.3.6). */
  #bare = false;
  /** What is being taken may be changed by its writer once its write is complete. */
  #lent = false;

  constructor(exchange: AcceptedExchange, owner: AnswerOwner) {
    super(owner);
    this.#exchange = exchange;
  }

  /** Whether all of it was written. */
  get complete(): boolean {
    return this.#state === 'done';
  }

  /** Whether nothing more is expected, well or not. */
  get over(): boolean {
    return this.#state === 'done' || this.#state === 'failed';
  }

  /** Takes what the server writes; false asks it to wait for {@link WriteQueueOwner.onDrained}. */
  write(data: string | Uint8Array, encoding: BufferEncoding | undefined, callback: WriteCallback | undefined): boolean {
    if (data.length > 0) this.#take(this.#own(data, encoding));
    if (callback) this.whenComplete(callback);
    const { ready } = this; // As it is before any of it leaves: a writer waits where it would with a socket.
    this.#exchange.wake(this.length);
    return ready;
  }

  /** The server writes nothing more. */
  finish(): void {
    if (this.#state === 'until-end' || this.#state === 'opaque') {
      this.#endBody(undefined);
      this.#exchange.wake();
    } else if (this.#state === 'head') this.fail('the server ended without an answer');
    else if (!this.over) this.fail('the body is shorter than announced');
  }

  /** Ends the exchange for an answer that is none. */
  fail(detail: string): void {
    if (this.#state === 'failed' || (this.#state === 'done' && this.ended)) return;
    this.#state = 'failed';
    this.#exchange.abort('bad-answer', detail);
    this.owner.onFault(detail);
  }

  /** The exchange is over without our doing. */
  drop(): void {
    this.#state = 'failed';
  }

  /** Small pieces are copied: cheaper than having their write wait for the pipe. */
  #own(data: string | Uint8Array, encoding: BufferEncoding | undefined): Uint8Array {
    this.#lent = typeof data !== 'string' && data.length > copiedBytes;
    if (typeof data === 'string') return Buffer.from(data, encoding);
    return this.#lent ? data : Buffer.from(data);
  }

  #take(data: Uint8Array): void {
    let bytes = data;
    let at = 0;
    while (this.#state === 'head' && at < bytes.length) {
      if (this.#gathered.length > 0) {
        bytes = concat(this.#gathered, bytes);
        this.#gathered = noBytes;
      }
      const end = this.#takeHead(bytes, at);
      if (end === 0) return;
      at = end;
    }
    if (at < bytes.length) this.#takeBody(bytes, at);
  }

  /** Position after the head at `at`; 0 when it is not whole or no good. */
  #takeHead(bytes: Uint8Array, at: number): number {
    const head = this.owner.answerHead;
    const result = scanResponseHead(head, bytes, at, bytes.length, answerHeadLimits);
    if (result === 'complete') {
      if (head.status < 200) this.#sendInterim(head);
      else this.#sendFinal(head);
      return head.end;
    }
    if (result === 'incomplete') this.#gather(bytes, at);
    else this.fail(head.detail);
    return 0;
  }

  /** Keeps a part of a head; one whose end is there but not seen by the scan is no head at all. */
  #gather(bytes: Uint8Array, at: number): void {
    const part = bytes.slice(at);
    const end = findHeadEnd(part, Math.min(this.#searched, part.length), part.length);
    if (end > 0) return this.fail('the head does not end');
    this.#searched = -end;
    this.#gathered = part;
  }

  #sendInterim(head: Head): void {
    this.#searched = 0;
    if (head.status !== 101) {
      dropHopByHop(head);
      this.#exchange.sendInterim(this.#headBytes(head));
      return;
    }
    if (this.owner.asks !== 'upgrade') return this.fail('an upgrade that was not asked for');
    const upgrade = findField(head, Field.Upgrade);
    dropHopByHop(head);
    if (upgrade >= 0) head.ids[upgrade] = Field.Upgrade;
    this.#switch(head);
  }

  /** Framing has no place in the answer that grants a tunnel (RFC 9110, section 9.3.6): what follows is its bytes. */
  #sendTunnel(head: Head): void {
    const length = findField(head, Field.ContentLength);
    if (length >= 0) dropField(head, length);
    dropHopByHop(head);
    this.#switch(head);
  }

  #switch(head: Head): void {
    this.#state = 'opaque';
    this.#exchange.sendHead(this.#headBytes(head), false);
    this.#exchange.sendBody(this);
    this.owner.onUpgraded();
  }

  #sendFinal(head: Head): void {
    const { status, contentLength, chunked } = head;
    if (this.owner.asks === 'tunnel' && status < 300) return this.#sendTunnel(head);
    this.#bare = status === 205 && !this.owner.isHead;
    if (this.#bare && contentLength > 0) return this.fail('a 205 with content');
    const empty = this.owner.isHead || status === 204 || status === 304 || contentLength === 0;
    dropHopByHop(head);
    this.#exchange.sendHead(this.#headBytes(head), empty);
    if (empty) {
      this.#state = 'done';
      this.end(undefined);
      return;
    }
    this.#exchange.sendBody(this);
    if (chunked) {
      this.#chunks = new ChunkedReader();
      this.#state = 'chunked';
    } else if (contentLength > 0) {
      this.#left = contentLength;
      this.#state = 'length';
    } else this.#state = 'until-end';
  }

  #takeBody(bytes: Uint8Array, at: number): void {
    switch (this.#state) {
      case 'length':
        return this.#takeLength(bytes, at);
      case 'chunked':
        return this.#takeChunks(this.#chunks!, bytes, at);
      case 'until-end':
      case 'opaque':
        return this.#add(bytes, at, bytes.length);
      case 'done':
        return this.fail('bytes after the end of the answer');
      default:
    }
  }

  #takeLength(bytes: Uint8Array, at: number): void {
    const length = bytes.length - at;
    if (length > this.#left) return this.fail('the body is longer than its Content-Length');
    this.#left -= length;
    this.push(at === 0 ? bytes : bytes.subarray(at), this.#lent);
    if (this.#left === 0) this.#endBody(undefined);
  }

  #takeChunks(reader: ChunkedReader, bytes: Uint8Array, start: number): void {
    let at = start;
    while (at < bytes.length) {
      const event = reader.read(bytes, at, bytes.length);
      at = reader.position;
      if (event === 'data') this.#add(bytes, reader.dataStart, reader.dataEnd);
      else if (event === 'end') {
        this.#endBody(reader.trailers);
        if (at < bytes.length) this.fail('bytes after the end of the answer');
        return;
      } else if (event !== 'more') return this.fail(reader.detail);
    }
  }

  #add(bytes: Uint8Array, start: number, end: number): void {
    if (this.#bare) return this.fail('a 205 with content');
    this.push(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), this.#lent);
  }

  #endBody(trailers: Uint8Array | undefined): void {
    this.#state = 'done';
    this.end(trailers);
  }

  /** The head as an exchange sends it: without what belongs to one connection. As it came, if there was nothing of that. */
  #headBytes(head: Head): Uint8Array {
    const { bytes, start, end, fieldsStart, fieldsEnd } = head;
    if (!this.#lent && findField(head, Field.Dropped) < 0) return bytes.subarray(start, end);
    const copy = Buffer.allocUnsafe(end - start);
    let at = copyBytes(bytes, start, fieldsStart, copy, 0);
    at = copyFields(head, copy, at);
    at = copyBytes(bytes, fieldsEnd, end, copy, at);
    return copy.subarray(0, at);
  }
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
