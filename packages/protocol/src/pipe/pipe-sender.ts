import { ReverseHttpError } from '../errors/index.js';
import { maxMessageHeaderBytes, writeMessageHeader } from './message.js';
import { defaultPipeSenderLimits, type PipeSenderLimits } from './pipe-limits.js';
import { type Chunk, ReplayBuffer } from './replay-buffer.js';
import type { Slab } from './slab.js';

/** What a source may put into the room it is offered: everything, or only what must never wait (credit, reset). */
export type PullScope = 'all' | 'control';

/** Where the bytes of a pipe come from, asked only when a transport takes them. */
export interface PipeSource {
  /**
   * Writes frames into `into[at..end)`; returns the position after them (`at` when there is nothing to send).
   * `offset` is what the first byte gets in the stream.
   */
  pull(into: Uint8Array, at: number, end: number, scope: PullScope, offset: number): number;
}

/** Smallest room worth offering to a source: a head (56 KiB) must fit whole. */
export const minPullBytes: number = 64 * 1024;

/**
 * The sending half of a pipe: gives bytes their offset when a transport takes them, keeps them until they are acked, and
 * after a re-attach or a loss sends again what the peer has not got.
 */
export class PipeSender {
  /** Everything below was processed by the peer. */
  acked = 0;
  /** Offset of the next byte to be pulled. */
  next = 0;
  /** Smallest round trip seen on the present transport (on the one before, until there is one), ms. */
  minRoundTripMs: number | undefined;
  /** What may be unacked now (grows with rate x round trip). */
  unackedLimit: number;
  /** When the peer last acked something new, or the first byte after a pause left; meaningless while all is acked. */
  progressAt = 0;
  readonly #source: PipeSource;
  readonly #slab: Slab;
  readonly #limits: PipeSenderLimits;
  readonly #replay: ReplayBuffer = new ReplayBuffer();
  /** Offset up to which bytes were handed to the present transport, and to any transport ever. */
  #sent = 0;
  #everSent = 0;
  #sampleOffset = -1;
  #sampleTime = 0;
  #sampleAcked = 0;
  #tripIsOld = false;
  /** What begins below this was given to a transport before the present one, which may refer to it still. */
  #ownFrom = 0;
  readonly #onGone: (chunk: Chunk) => void = (chunk) => {
    if (chunk.isHeld && chunk.offset >= this.#ownFrom) this.#slab.release(chunk.buffer);
  };

  constructor(source: PipeSource, slab: Slab, limits: PipeSenderLimits = defaultPipeSenderLimits) {
    this.#source = source;
    this.#slab = slab;
    this.#limits = limits;
    this.unackedLimit = limits.minUnackedBytes;
  }

  get unackedBytes(): number {
    return this.next - this.acked;
  }

  /** Whether data has to wait for an ack. A pull needs room for a head, so data never passes the limit. */
  get blocked(): boolean {
    return this.unackedLimit - this.unackedBytes < minPullBytes;
  }

  /** Blocks of memory that wait for acks, bytes (a block counts as often as it is referred to). */
  get pinnedBytes(): number {
    return this.#replay.pinnedBytes;
  }

  /**
   * The next message with bytes in it, at most `maxBytes` long, or undefined when there are none to send. It does not
   * change while the transport that it was made for lives.
   *
   * @throws ReverseHttpError `protocol-error` when the peer acks nothing although control frames alone overflow.
   */
  nextMessage(maxBytes: number, ack: number, reply: boolean, now: number): Uint8Array | undefined {
    const maxPayload = Math.max(maxBytes - maxMessageHeaderBytes, 1);
    if (this.#sent === this.next && !this.#pull(maxPayload, now)) return undefined;
    const chunk = this.#replay.at(this.#sent);
    const skip = this.#sent - chunk.offset;
    const payloadStart = chunk.start + skip;
    const payloadEnd = Math.min(chunk.end, payloadStart + maxPayload);
    const offset = this.#sent;
    const isRepeat = offset < this.#everSent;
    this.#sent += payloadEnd - payloadStart;
    if (this.#sent > this.#everSent) this.#everSent = this.#sent;
    if (isRepeat || (skip > 0 && this.acked < offset)) {
      // The bytes before these may still be wanted, and a transport before may hold the message that was made of them:
      // a header is not to be written over either.
      const copy = new Uint8Array(maxMessageHeaderBytes + payloadEnd - payloadStart);
      copy.set(chunk.buffer.subarray(payloadStart, payloadEnd), maxMessageHeaderBytes);
      return copy.subarray(writeMessageHeader(copy, maxMessageHeaderBytes, offset, ack, reply));
    }
    return chunk.buffer.subarray(writeMessageHeader(chunk.buffer, payloadStart, offset, ack, reply), payloadEnd);
  }

  /** A message that carries only an ack. */
  ackMessage(ack: number, reply: boolean): Uint8Array {
    const message = new Uint8Array(maxMessageHeaderBytes);
    return message.subarray(writeMessageHeader(message, maxMessageHeaderBytes, this.#sent, ack, reply));
  }

  /**
   * Forgets what is acked.
   *
   * @param hasLeft The present transport refers to nothing of what it was given: memory may serve again. An ack alone does
   *   not say so, for a peer may ack what has not left.
   * @throws ReverseHttpError `protocol-error` for an ack of what was never sent.
   */
  onAck(ack: number, now: number, hasLeft = false): void {
    if (ack <= this.acked) return;
    if (ack > this.#everSent) throw new ReverseHttpError('protocol-error', 'ack of bytes that were never sent');
    this.acked = ack;
    this.progressAt = now;
    if (this.#sent < ack) this.#sent = ack;
    this.#replay.release(ack, hasLeft ? this.#onGone : undefined);
    if (this.#sampleOffset >= 0 && ack >= this.#sampleOffset) this.#takeSample(now);
  }

  /**
   * A new transport starts where the peer's stream stands; an offset below what was acked meanwhile, by the transport
   * before, counts as that.
   *
   * @throws ReverseHttpError `gone` when the peer claims bytes that were never sent.
   */
  attach(peerOffset: number, now: number): void {
    if (peerOffset > this.#everSent) throw new ReverseHttpError('gone', 'resume offset above what was sent');
    this.#sampleOffset = -1; // What the peer has got was a round trip and a lost link ago.
    this.onAck(peerOffset, now);
    this.progressAt = now;
    this.#tripIsOld = true;
    this.#ownFrom = this.next;
    this.rewind(this.acked);
  }

  /** What was handed to the transport from `offset` on did not arrive: it is sent again. Below the ack it starts there. */
  rewind(offset: number): void {
    this.#sent = Math.min(this.#sent, Math.max(offset, this.acked));
    this.#sampleOffset = -1; // An ack cannot tell which of the two sendings it is for.
    this.compact();
  }

  /** Nothing will be acked for a while: lets go of shared blocks. */
  compact(): void {
    this.#replay.compact();
  }

  /** Asks the source for one more chunk; false when it has nothing that may go now. */
  #pull(maxPayload: number, now: number): boolean {
    const slab = this.#slab;
    slab.reserve(maxMessageHeaderBytes + minPullBytes);
    const start = slab.at + maxMessageHeaderBytes;
    const room = this.unackedLimit - this.unackedBytes;
    const scope: PullScope = room >= minPullBytes ? 'all' : 'control';
    const block = slab.bytes;
    const stop = start + Math.min(Math.max(Math.min(maxPayload, room), minPullBytes), block.length - start);
    slab.hold();
    // Claimed while the source writes: it may call code that makes another session pull from the same slab.
    slab.at = stop;
    const end = this.#source.pull(block, start, stop, scope, this.next);
    if (slab.bytes === block && slab.at === stop) slab.at = end === start ? start - maxMessageHeaderBytes : end;
    if (end === start) {
      slab.release(block);
      return false;
    }
    if (this.next === this.acked) this.progressAt = now;
    this.#replay.add({ buffer: block, start, end, offset: this.next, isHeld: true });
    this.next += end - start;
    if (this.unackedBytes > this.unackedLimit + this.#limits.maxControlBytes) {
      throw new ReverseHttpError('protocol-error', 'too much is sent and not acked');
    }
    if (this.#sampleOffset < 0) {
      this.#sampleOffset = this.next;
      this.#sampleTime = now;
      this.#sampleAcked = this.acked;
    }
    return true;
  }

  /** One round trip and what was acked in it: the limit follows twice their product (the smallest trip, or queueing feeds itself). */
  #takeSample(now: number): void {
    const trip = Math.max(now - this.#sampleTime, 0.05);
    const smallest = this.#tripIsOld ? undefined : this.minRoundTripMs;
    this.minRoundTripMs = smallest === undefined ? trip : Math.min(smallest, trip);
    this.#tripIsOld = false;
    const perMs = (this.acked - this.#sampleAcked) / trip;
    // Whole bytes: the limit becomes the end of what a source may fill.
    const wanted = Math.floor(2 * perMs * this.minRoundTripMs);
    if (wanted > this.unackedLimit) this.unackedLimit = Math.min(wanted, this.#limits.maxUnackedBytes);
    this.#sampleOffset = -1;
  }
}
