import { ReverseHttpError, resetCodeOf } from '../errors/index.js';
import { latin1Bytes } from '../http1/index.js';
import { writeVarint } from '../pipe/index.js';
import type { ByteSource, HeadSource } from './byte-stream.js';
import {
  FrameType,
  frameLength,
  maxDataPayload,
  maxFrameHeaderBytes,
  maxFramePayload,
  maxHeadPayload,
  maxResetDetail,
  writeFrameHeader,
  writeLength,
} from './frame.js';
import type { WindowPool } from './window-pool.js';

/** What a stream tells its exchange. Bytes are valid only during the call. */
export interface StreamHandler {
  /** A head: `interim` when another one follows, `ended` when nothing follows. */
  onHead(bytes: Uint8Array, interim: boolean, ended: boolean): void;
  /** Body bytes; {@link MuxStream.consumed} gives their credit back once they are gone. */
  onData(bytes: Uint8Array): void;
  /** The peer's side ended well. */
  onEnd(trailers: Uint8Array | undefined): void;
  /** The peer ended the stream; after {@link onEnd} this only means that it reads no more. */
  onReset(code: number, detail: string): void;
  /** Its head has not left, and may not leave soon: see `Mux.stall`. */
  onStalled?(): void;
}

/**
 * How far a request got: no offset yet; sent; surely processed by the peer's multiplexer, so that the handler may run.
 */
export type Delivery = 'queued' | 'sent' | 'acked';

/** Bytes that may be sent on a stream before the first credit. */
export const initialWindow: number = 64 * 1024;

/** No window grows beyond this. */
export const maxWindow: number = 16 * 1024 * 1024;

/** What a stream needs of its mux. */
export interface MuxCore {
  readonly opener: boolean;
  readonly windows: WindowPool;
  readonly scratch: Uint8Array;
  /** Streams that were reset and whose reset has not left: each still counts as open. */
  resetsOwed: number;
  now(): number;
  roundTripMs(): number | undefined;
  ackedOffset(): number;
  queueControl(stream: MuxStream): void;
  queueHeads(stream: MuxStream): void;
  queueData(stream: MuxStream, bytes: number): void;
  forget(stream: MuxStream): void;
}

/** The beginning of a body that goes before its turn, right behind its head, bytes. */
const smallBody = 4096;

interface QueuedHead {
  readonly type: number;
  readonly bytes: Uint8Array;
}

const noHeads: QueuedHead[] = [];

const headTooLarge = 'a head must fit one frame';

/** Reset code of a side that is done and wants no more of the other's bytes: nothing is wrong. */
const noError = 0;

/**
 * Credit that waits before it is told while heads alone may come: with less than this withheld, the largest interim head
 * always fits the peer's window, so none can wait for ever.
 */
const interimThreshold: number = initialWindow - maxHeadPayload;

/**
 * One exchange's two byte flows. Outgoing it keeps state, not frames: heads to send, a source to read from, credit and
 * reset owed; frames are made when the pipe takes them.
 */
export class MuxStream {
  readonly id: number;
  handler: StreamHandler;
  /** Which queues of the mux this stream stands in. */
  inControl = false;
  inHeads = false;
  inData = false;
  /** Bytes this stream may still send in this turn of the round robin. */
  deficit = 0;
  /** The last turn ended for want of room or {@link deficit}, not of bytes or credit. */
  again = false;
  readonly #mux: MuxCore;
  #heads: QueuedHead[] = noHeads;
  #headSource: HeadSource | undefined;
  #headMost = 0;
  #endsWithHead = false;
  #source: ByteSource | undefined;
  #sendCredit = initialWindow;
  #headEndOffset = -1;
  #localEnded = false;
  #remoteEnded = false;
  /** The peer's final head came (an acceptor's peer sends no other). */
  #remoteAnswered = false;
  #stopsReading = false;
  #gone = false;
  #reset: Uint8Array | undefined;
  #window = initialWindow;
  #received = 0;
  #granted = initialWindow;
  #consumed = 0;
  #lastGrantAt = 0;

  constructor(mux: MuxCore, id: number, handler: StreamHandler) {
    this.#mux = mux;
    this.id = id;
    this.handler = handler;
  }

  /** Whether both sides ended, or one reset. */
  get closed(): boolean {
    return this.#gone;
  }

  /** Whether our side was sent to its end. */
  get localEnded(): boolean {
    return this.#localEnded;
  }

  /** Whether our head left: nothing can come on the stream before. */
  get headSent(): boolean {
    return this.#headEndOffset >= 0;
  }

  get delivery(): Delivery {
    if (this.#headEndOffset < 0) return 'queued';
    return this.#mux.ackedOffset() >= this.#headEndOffset ? 'acked' : 'sent';
  }

  /**
   * Sends the head; `bytes` must not change afterwards. `ended`: no body follows.
   *
   * @throws ReverseHttpError `head-too-large` above 56 KiB.
   */
  sendHead(bytes: Uint8Array, ended: boolean): void {
    this.#queueHead({ type: ended ? FrameType.HeadEnd : FrameType.Head, bytes });
  }

  /** Sends an opener's head, which is asked for when it leaves and takes `most` bytes then. See {@link sendHead}. */
  sendHeadOf(source: HeadSource, most: number, ended: boolean): void {
    if (most > maxHeadPayload) throw new ReverseHttpError('head-too-large', headTooLarge);
    if (this.#gone || this.#localEnded) return;
    this.#headSource = source;
    this.#headMost = most;
    this.#endsWithHead = ended;
    this.#mux.queueHeads(this);
  }

  /** Sends a head that another one follows (1xx). */
  sendInterim(bytes: Uint8Array): void {
    this.#queueHead({ type: FrameType.Interim, bytes });
  }

  /** Sends what the source gives, then its end. */
  sendBody(source: ByteSource): void {
    if (this.#gone) return;
    this.#source = source;
    this.wake();
  }

  /** The source has something new, its end perhaps. `bytes`: so many are known to wait in it. */
  wake(bytes = 0): void {
    if (this.#gone || !this.#source) return;
    this.#mux.queueData(this, bytes);
  }

  /** Ends the stream both ways, now. A head that was not sent yet is never sent. */
  reset(code: number, detail = ''): void {
    if (this.#gone) return;
    this.#leave();
    if (this.#mux.opener && this.#headEndOffset < 0) return;
    const text = latin1Bytes(detail.slice(0, maxResetDetail).replace(/[^\x20-\x7e]/g, '?'));
    const payload = new Uint8Array(8 + text.length);
    const codeLength = writeVarint(payload, 0, code);
    payload.set(text, codeLength);
    this.#reset = payload.subarray(0, codeLength + text.length);
    this.#mux.resetsOwed++;
    this.#mux.queueControl(this);
  }

  /** What the peer still sends is not wanted: the stream ends as soon as our side has. */
  stopReading(): void {
    if (this.#gone || this.#remoteEnded) return;
    if (this.#localEnded) this.reset(noError);
    else this.#stopsReading = true;
  }

  /** Bytes of {@link StreamHandler.onData} (or of an interim head) are gone: the peer may send as many again. */
  consumed(bytes: number): void {
    this.#consumed += bytes;
    if (this.#gone || this.#remoteEnded) return;
    const threshold = this.#remoteAnswered ? this.#window >>> 1 : interimThreshold;
    if (this.#consumed + this.#window - this.#granted >= threshold) this.#mux.queueControl(this);
  }

  // Below: called by the mux alone.

  /** Frames of credit and reset. Returns the position after them, or -1 when there was no room. */
  pullControl(into: Uint8Array, at: number, end: number): number {
    if (this.#reset) {
      if (end - at < frameLength(this.id, this.#reset.length)) return -1;
      const payload = writeFrameHeader(into, at, FrameType.Reset, this.id, this.#reset.length);
      into.set(this.#reset, payload);
      const length = this.#reset.length;
      this.#reset = undefined;
      this.#mux.resetsOwed--;
      return payload + length;
    }
    if (this.#gone || this.#remoteEnded) return at;
    if (end - at < frameLength(this.id, 8)) return -1;
    this.#growWindow();
    const increment = this.#consumed + this.#window - this.#granted;
    if (increment <= 0) return at;
    this.#granted += increment;
    const scratch = this.#mux.scratch;
    const length = writeVarint(scratch, 0, increment);
    const payload = writeFrameHeader(into, at, FrameType.Credit, this.id, length);
    for (let i = 0; i < length; i++) into[payload + i] = scratch[i]!;
    return payload + length;
  }

  /** Head frames that are waiting. Returns the position after them, negated when the room ended before they did. */
  pullHeads(into: Uint8Array, at: number, end: number, offset: number): number {
    let position = at;
    if (this.#headSource) {
      position = this.#pullHeadSource(this.#headSource, into, at, end);
      if (position < 0) return position;
      this.#headEndOffset = offset + position - at;
    }
    while (this.#heads.length > 0) {
      const head = this.#heads[0]!;
      const length = head.bytes.length;
      // An interim head that has no credit waits, and what follows it too: wake-up comes with the credit.
      if (head.type === FrameType.Interim && length > this.#sendCredit) return position;
      if (end - position < frameLength(this.id, length)) return -position;
      const payload = writeFrameHeader(into, position, head.type, this.id, length);
      into.set(head.bytes, payload);
      position = payload + length;
      this.#heads.shift();
      if (head.type === FrameType.Interim) this.#sendCredit -= length;
      else this.#headEndOffset = offset + position - at;
      if (head.type === FrameType.HeadEnd) this.#endLocal();
    }
    // A small body leaves with its head: what belongs together can be written together at the other end.
    if (this.#source && !this.inData) {
      this.deficit = smallBody;
      position = this.pullData(into, position, end);
      this.deficit = 0;
    }
    this.wake();
    return position;
  }

  /** Data frames up to {@link deficit}. Returns the position after them; {@link again} tells whether to come back. */
  pullData(into: Uint8Array, at: number, end: number): number {
    let position = at;
    this.again = false;
    while (this.#source && this.#heads.length === 0 && !this.#headSource) {
      const source = this.#source;
      if (this.deficit <= 0 || end - position <= maxFrameHeaderBytes) {
        this.again = true;
        break;
      }
      const most = this.deficit > maxDataPayload ? maxFramePayload : maxDataPayload;
      const payload = writeFrameHeader(into, position, FrameType.Data, this.id, most);
      const room = Math.min(this.deficit, this.#sendCredit, most, end - payload);
      const length = room > 0 && !source.ended ? source.read(into, payload, payload + room) : 0;
      if (length === 0 && !source.ended) break;
      this.deficit -= length;
      this.#sendCredit -= length;
      const ends = source.ended && source.trailers === undefined;
      if (ends) into[position] = FrameType.DataEnd;
      if (length > 0 || ends) {
        writeLength(into, payload, most, length);
        position = payload + length;
      }
      if (ends) this.#endLocal();
      else if (source.ended) return this.#pullTrailers(source.trailers!, into, position, end);
    }
    return position;
  }

  /** The peer granted more. */
  onCredit(increment: number): void {
    if (this.#localEnded || this.#gone) return;
    this.#sendCredit += increment;
    if (!(this.#sendCredit <= Number.MAX_SAFE_INTEGER / 2)) {
      throw new ReverseHttpError('flow-control', 'credit overflow');
    }
    if (this.#heads.length > 0) this.#mux.queueHeads(this);
    this.wake();
  }

  onHead(bytes: Uint8Array, interim: boolean, ended: boolean): void {
    if (this.#gone) return;
    if (this.#remoteEnded) throw new ReverseHttpError('protocol-error', 'head after the end');
    if (interim) this.#count(bytes.length);
    else this.#remoteAnswered = true;
    if (ended) this.#remoteEnded = true;
    this.handler.onHead(bytes, interim, ended);
    if (ended) this.#settle();
  }

  onData(bytes: Uint8Array, end: boolean): void {
    if (this.#remoteEnded) throw new ReverseHttpError('protocol-error', 'data after the end');
    this.#count(bytes.length);
    if (bytes.length > 0) this.handler.onData(bytes);
    if (end) this.onEnd(undefined);
  }

  onEnd(trailers: Uint8Array | undefined): void {
    if (this.#gone) return;
    if (this.#remoteEnded) throw new ReverseHttpError('protocol-error', 'end after the end');
    this.#remoteEnded = true;
    this.handler.onEnd(trailers);
    this.#settle();
  }

  onReset(code: number, detail: string): void {
    this.#leave();
    this.handler.onReset(code, detail);
  }

  #queueHead(head: QueuedHead): void {
    if (head.bytes.length > maxHeadPayload) throw new ReverseHttpError('head-too-large', headTooLarge);
    if (this.#gone || this.#localEnded) return;
    if (this.#heads === noHeads) this.#heads = [head];
    else this.#heads.push(head);
    this.#mux.queueHeads(this);
  }

  #pullHeadSource(source: HeadSource, into: Uint8Array, at: number, end: number): number {
    const most = this.#headMost;
    if (end - at < frameLength(this.id, most)) return -at;
    this.#headSource = undefined;
    const type = this.#endsWithHead ? FrameType.HeadEnd : FrameType.Head;
    const payload = writeFrameHeader(into, at, type, this.id, most);
    const position = source.writeHead(into, payload);
    writeLength(into, payload, most, position - payload);
    if (this.#endsWithHead) this.#endLocal();
    return position;
  }

  #pullTrailers(trailers: Uint8Array, into: Uint8Array, at: number, end: number): number {
    if (trailers.length > maxHeadPayload) {
      const detail = 'the trailer section does not fit a frame';
      this.reset(resetCodeOf('bad-answer'), detail);
      this.handler.onReset(resetCodeOf('bad-answer'), detail);
      return at;
    }
    if (end - at < frameLength(this.id, trailers.length)) {
      this.again = true;
      return at;
    }
    this.deficit -= trailers.length;
    const payload = writeFrameHeader(into, at, FrameType.Trailers, this.id, trailers.length);
    into.set(trailers, payload);
    this.#endLocal();
    return payload + trailers.length;
  }

  #count(bytes: number): void {
    // Asked here and not for each stream: most never get so far.
    if (this.#lastGrantAt === 0 && this.#received > smallBody) this.#lastGrantAt = this.#mux.now();
    this.#received += bytes;
    if (this.#received > this.#granted) throw new ReverseHttpError('flow-control', 'more data than was granted');
  }

  /**
   * A window that is used up within four round trips is too small: doubles while the pools allow. Two would do where credit
   * leaves at once; by polling it waits for the next poll, which takes one trip more.
   */
  #growWindow(): void {
    const now = this.#mux.now();
    const trip = this.#mux.roundTripMs();
    const quick = trip !== undefined && now - this.#lastGrantAt < 4 * trip;
    this.#lastGrantAt = now;
    if (!quick || this.#window >= maxWindow || !this.#mux.windows.take(this.#window)) return;
    this.#window *= 2;
  }

  #endLocal(): void {
    this.#localEnded = true;
    this.#source = undefined;
    this.#settle();
    if (this.#stopsReading) this.reset(noError);
  }

  #settle(): void {
    if (this.#localEnded && this.#remoteEnded) this.#leave();
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#heads = noHeads;
    this.#headSource = undefined;
    this.#source = undefined;
    if (this.#window > initialWindow) this.#mux.windows.give(this.#window - initialWindow);
    this.#mux.forget(this);
  }
}
