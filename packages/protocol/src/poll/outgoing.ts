import type { Batch } from './batch.js';

/**
 * While data moves polls are held for this, ms: silence may be a cut in the middle of something, which a short hold tells
 * soon. So much of any hold is part of the patience.
 */
export const movingHoldMs = 1000;

/** An HTTP request of a connector's, that was not answered yet. */
export class Outgoing {
  /** Of a poll; undefined for a post. */
  readonly number: number | undefined;
  batch: Batch;
  /** What it asked for when it left. */
  holdMs = 0;
  answerBytes = 0;
  sentAt = 0;
  /** When bytes of the answer came last. */
  movedAt = 0;
  failures = 0;
  #failedAt = 0;
  #wasSpared = false;
  timeouts = 0;
  giveUp: () => void = () => {};

  constructor(number: number | undefined, batch: Batch) {
    this.number = number;
    this.batch = batch;
  }

  /** Whether the gateway may hold it: a poll, but not one that asks for an answer, or carries bytes, which are acked at once. */
  mayWait(acked: number): boolean {
    return this.number !== undefined && this.batch.end <= acked && !this.batch.asks;
  }

  /**
   * Whether a failure is the first one over again, and not to be counted: connections are cut together, and the next one
   * that was kept, by which it went again at once, is no better. Any answer since would show that it is not so. Once only.
   */
  sparesFailure(now: number, heardAt: number): boolean {
    const isSame = this.failures === 1 && this.timeouts === 0 && heardAt <= this.#failedAt && !this.#wasSpared;
    this.#failedAt = now;
    if (isSame) this.#wasSpared = true;
    return isSame;
  }

  /** When an answer that has not come is overdue. */
  dueAt(acked: number, patienceMs: number): number {
    const held = this.mayWait(acked) ? Math.max(this.holdMs - movingHoldMs, 0) : 0;
    return Math.max(this.sentAt + held, this.movedAt) + patienceMs;
  }

  /** Whether the gateway had a reason to answer it at once, so that the time it took tells something of the way. */
  get hadToBeAnswered(): boolean {
    return this.number === undefined || this.batch.end > 0 || this.batch.asks;
  }

  /** The round trip that its answer shows at `now`, ms; undefined where nobody knows how long it waited at the gateway. */
  tripMs(now: number): number | undefined {
    const took = now - this.sentAt;
    if (this.hadToBeAnswered) return took;
    return took >= this.holdMs ? took - this.holdMs : undefined;
  }
}
