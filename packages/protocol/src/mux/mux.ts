import { ReverseHttpError, resetCodeOf } from '../errors/index.js';
import { latin1 } from '../http1/index.js';
import { type PipeSource, type PullScope, readVarint, varintSize } from '../pipe/index.js';
import {
  FrameType,
  frameLength,
  maxDataPayload,
  maxFrameHeaderBytes,
  maxFramePayload,
  writeFrameHeader,
} from './frame.js';
import { FrameDecoder } from './frame-decoder.js';
import { type MuxCore, MuxStream, type StreamHandler } from './mux-stream.js';
import { Queue } from './queue.js';
import { StreamTable } from './stream-table.js';
import { WindowPool } from './window-pool.js';

/** Settings of a {@link Mux}. */
export interface MuxOptions {
  /** Whether this side opens streams: a role of its own, not tied to who dialled. */
  readonly opener: boolean;
  /** Gives a new stream its handler (acceptor only). */
  readonly onStream?: (stream: MuxStream) => StreamHandler;
  /** Called when there is something to pull; `isMuch`: a body has a whole frame of it. */
  readonly onPending: (isMuch: boolean) => void;
  /** Called when the peer wants no new streams. */
  readonly onGoAway?: () => void;
  /** Called when the last open stream has ended. */
  readonly onIdle?: () => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Smallest round trip known, ms. */
  readonly roundTripMs: () => number | undefined;
  /** Offset up to which the peer processed our bytes. */
  readonly ackedOffset: () => number;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Streams open at a time; more are refused (as acceptor) or not opened (as opener). Default 1,024. */
  readonly maxStreams?: number;
  /** What windows grow from. Default a pool of 32 MiB; give it a parent to bound the process too. */
  readonly windows?: WindowPool;
  /** Streams of all sessions of the process, one each. Default no bound beyond {@link maxStreams}. */
  readonly streamPool?: WindowPool;
}

/** Bytes a stream may send in one turn of the round robin: one full frame of data. */
export const quantum: number = maxDataPayload;

/**
 * Refused streams whose reset may wait to leave. An opener that keeps to maxStreams does not get near it, whatever the
 * link does; past it the session ends.
 */
export const maxRefusalsOwed = 8192;

/** One data pull in this many is followed by a frame of a skippable type. */
const greaseInterval = 4096;

/**
 * Streams over one pipe: makes frames when the pipe pulls, takes frames as its bytes arrive. Control goes before heads,
 * heads before data; data of different streams takes turns (deficit round robin).
 */
export class Mux implements PipeSource, MuxCore {
  readonly opener: boolean;
  readonly windows: WindowPool;
  readonly scratch: Uint8Array = new Uint8Array(8);
  resetsOwed = 0;
  readonly #options: MuxOptions;
  readonly #maxStreams: number;
  readonly #decoder: FrameDecoder = new FrameDecoder({
    onFrame: (type, streamId, payload) => this.#onFrame(type, streamId, payload),
    onData: (streamId, bytes, end) => this.#onData(streamId, bytes, end),
  });
  readonly #streams = new StreamTable<MuxStream>();
  readonly #control = new Queue<MuxStream>();
  readonly #heads = new Queue<MuxStream>();
  readonly #data = new Queue<MuxStream>();
  /** Stream id and reset code, by turns, of streams that were refused: no object is made for those. */
  readonly #refusals = new Queue<number>();
  #lastId = 0;
  #goAway: 'none' | 'owed' | 'sent' = 'none';
  #peerGoesAway = false;
  #closed = false;

  constructor(options: MuxOptions) {
    this.#options = options;
    this.opener = options.opener;
    this.windows = options.windows ?? new WindowPool();
    this.#maxStreams = options.maxStreams ?? 1024;
  }

  /** Open streams. */
  get size(): number {
    return this.#streams.size;
  }

  /** Whether {@link open} would give a stream now. */
  get canOpen(): boolean {
    return !this.#peerGoesAway && !this.#closed && this.#hasRoom();
  }

  /** Whether the peer asked for no new streams. */
  get peerGoesAway(): boolean {
    return this.#peerGoesAway;
  }

  /** A new stream, or undefined at the bound or after the peer's goaway. Nothing is sent before its head is. */
  open(handler: StreamHandler): MuxStream | undefined {
    if (!this.canOpen) return undefined;
    this.#lastId += 1;
    const stream = new MuxStream(this, this.#lastId, handler);
    this.#options.streamPool?.take(1);
    this.#streams.add(stream);
    return stream;
  }

  /** Asks the peer to open nothing more; heads that cross this are answered with a refusal. */
  goAway(): void {
    if (this.#goAway !== 'none') return;
    this.#goAway = 'owed';
    this.#options.onPending(false);
  }

  /** Ends all streams without a word to the peer, who is gone; nothing can be opened afterwards. Their handlers hear a reset. */
  abort(code: number, detail: string): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const stream of this.#streams.values()) stream.onReset(code, detail);
    for (const queue of [this.#control, this.#heads, this.#data, this.#refusals]) queue.clear();
    this.resetsOwed = 0;
  }

  /** The peer may be gone: tells the streams of which it has nothing, so that what they carry can go another way. */
  stall(): void {
    for (const stream of this.#streams.values()) if (!stream.headSent) stream.handler.onStalled?.();
  }

  /** Takes the peer's bytes, in order. */
  receive(bytes: Uint8Array): void {
    if (!this.#closed) this.#decoder.push(bytes);
  }

  pull(into: Uint8Array, at: number, end: number, scope: PullScope, offset: number): number {
    let position = this.#pullControl(into, at, end);
    if (scope === 'control' || position < 0) return Math.abs(position);
    const heads = this.#pullHeads(into, position, end, offset - at);
    if (heads < 0) return -heads;
    position = this.#pullData(into, heads, end);
    if (position > heads && this.#options.random() * greaseInterval < 1) position = this.#grease(into, position, end);
    return position;
  }

  now(): number {
    return this.#options.now();
  }

  roundTripMs(): number | undefined {
    return this.#options.roundTripMs();
  }

  ackedOffset(): number {
    return this.#options.ackedOffset();
  }

  queueControl(stream: MuxStream): void {
    if (stream.inControl) return;
    stream.inControl = true;
    this.#control.push(stream);
    this.#options.onPending(false);
  }

  queueHeads(stream: MuxStream): void {
    if (stream.inHeads) return;
    stream.inHeads = true;
    this.#heads.push(stream);
    this.#options.onPending(false);
  }

  queueData(stream: MuxStream, bytes: number): void {
    const isMuch = bytes >= maxFramePayload;
    if (!stream.inData) {
      stream.inData = true;
      this.#data.push(stream);
    } else if (!isMuch) return;
    this.#options.onPending(isMuch);
  }

  forget(stream: MuxStream): void {
    if (!this.#streams.delete(stream.id)) return;
    this.#options.streamPool?.give(1);
    if (this.#streams.size === 0) this.#options.onIdle?.();
  }

  #hasRoom(): boolean {
    if (this.#streams.size + this.resetsOwed >= this.#maxStreams) return false;
    const pool = this.#options.streamPool;
    return pool === undefined || pool.free > 0;
  }

  // The pull methods return the position they reached, negated when the room ran out before their queue did. No position
  // is 0: a message's header stands before.

  #pullControl(into: Uint8Array, at: number, end: number): number {
    let position = at;
    if (this.#goAway === 'owed') {
      if (end - position < frameLength(0, 0)) return -position;
      position = writeFrameHeader(into, position, FrameType.GoAway, 0, 0);
      this.#goAway = 'sent';
    }
    for (let id = this.#refusals.peek(); id !== undefined; id = this.#refusals.peek()) {
      if (end - position < frameLength(id, 1)) return -position;
      this.#refusals.shift();
      const payload = writeFrameHeader(into, position, FrameType.Reset, id, 1);
      into[payload] = this.#refusals.shift()!;
      position = payload + 1;
    }
    for (let stream = this.#control.peek(); stream; stream = this.#control.peek()) {
      const after = stream.pullControl(into, position, end);
      if (after < 0) return -position;
      position = after;
      stream.inControl = false;
      this.#control.shift();
    }
    return position;
  }

  #pullHeads(into: Uint8Array, at: number, end: number, base: number): number {
    let position = at;
    for (let stream = this.#heads.peek(); stream; stream = this.#heads.peek()) {
      const after = stream.pullHeads(into, position, end, base + position);
      if (after < 0) return after;
      position = after;
      stream.inHeads = false;
      this.#heads.shift();
    }
    return position;
  }

  #pullData(into: Uint8Array, at: number, end: number): number {
    let position = at;
    while (end - position > maxFrameHeaderBytes) {
      const stream = this.#data.peek();
      if (!stream) break;
      if (stream.deficit <= 0) stream.deficit += this.#data.length === 1 ? maxFramePayload : quantum;
      position = stream.pullData(into, position, end);
      // Where the room ended, and not the turn, the turn goes on with the next pull.
      if (stream.again && stream.deficit > 0) break;
      this.#data.shift();
      if (stream.again) this.#data.push(stream);
      else {
        stream.inData = false;
        stream.deficit = 0;
      }
    }
    return position;
  }

  #grease(into: Uint8Array, at: number, end: number): number {
    const length = Math.floor(this.#options.random() * 8);
    const type = FrameType.Grease * (1 + Math.floor(this.#options.random() * 7));
    if (end - at < frameLength(0, length)) return at;
    const payload = writeFrameHeader(into, at, type, 0, length);
    into.fill(0, payload, payload + length);
    return payload + length;
  }

  #onFrame(type: number, streamId: number, payload: Uint8Array): void {
    if (this.#closed) return; // A handler closed the session while its message was being read.
    switch (type) {
      case FrameType.Head:
      case FrameType.HeadEnd:
        this.#onHead(streamId, payload, false, type === FrameType.HeadEnd);
        return;
      case FrameType.Interim:
        this.#onHead(streamId, payload, true, false);
        return;
      case FrameType.Trailers:
        this.#known(streamId)?.onEnd(payload);
        return;
      case FrameType.Credit: {
        const increment = wholeVarint(payload);
        if (!(increment > 0)) throw new ReverseHttpError('protocol-error', 'bad credit');
        this.#known(streamId)?.onCredit(increment);
        return;
      }
      case FrameType.Reset:
        this.#onReset(streamId, payload);
        return;
      case FrameType.GoAway:
        if (streamId !== 0) throw new ReverseHttpError('protocol-error', 'goaway on a stream');
        this.#peerGoesAway = true;
        this.#options.onGoAway?.();
        return;
    }
  }

  #onReset(streamId: number, payload: Uint8Array): void {
    const size = payload.length > 0 ? varintSize(payload[0]!) : 1;
    if (payload.length < size) throw new ReverseHttpError('protocol-error', 'bad reset');
    const code = readVarint(payload, 0);
    this.#known(streamId)?.onReset(code, latin1(payload, size, payload.length));
  }

  #onData(streamId: number, bytes: Uint8Array, end: boolean): void {
    if (!this.#closed) this.#known(streamId)?.onData(bytes, end);
  }

  #onHead(streamId: number, payload: Uint8Array, interim: boolean, ended: boolean): void {
    if (this.opener) {
      this.#known(streamId)?.onHead(payload, interim, ended);
      return;
    }
    if (interim || streamId <= this.#lastId) throw new ReverseHttpError('protocol-error', 'unexpected head');
    this.#lastId = streamId;
    this.#accept(streamId, payload, ended);
  }

  #accept(streamId: number, payload: Uint8Array, ended: boolean): void {
    const { onStream } = this.#options;
    if (this.#goAway !== 'none' || !onStream) return this.#refuse(streamId, resetCodeOf('draining'));
    if (!this.#hasRoom()) return this.#refuse(streamId, resetCodeOf('overloaded'));
    const stream = new MuxStream(this, streamId, ignoringHandler);
    this.#options.streamPool?.take(1);
    this.#streams.add(stream);
    stream.handler = onStream(stream);
    stream.onHead(payload, false, ended);
  }

  #refuse(streamId: number, code: number): void {
    if (this.#refusals.length >= 2 * maxRefusalsOwed) {
      throw new ReverseHttpError('protocol-error', 'streams without end, although they are refused');
    }
    this.#refusals.push(streamId);
    this.#refusals.push(code);
    this.#options.onPending(false);
  }

  /** The stream, or undefined when it was there once; what never was is an error, and so is what is not known to the peer. */
  #known(streamId: number): MuxStream | undefined {
    const stream = this.#streams.get(streamId);
    const never = stream ? this.opener && !stream.headSent : streamId > this.#lastId || streamId === 0;
    if (never) throw new ReverseHttpError('protocol-error', 'frame for a stream that never was');
    return stream;
  }
}

const ignoringHandler: StreamHandler = {
  onHead() {},
  onData() {},
  onEnd() {},
  onReset() {},
};

function wholeVarint(payload: Uint8Array): number {
  if (payload.length === 0 || varintSize(payload[0]!) !== payload.length) return Number.NaN;
  return readVarint(payload, 0);
}
