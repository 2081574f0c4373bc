/**
 * The bucket of a rate that may change: `before` while it does not, so that what it let through is not forgotten;
 * undefined where there is no bound.
 */
export function bucketOf(perSecond: number, now: number, before?: TokenBucket): TokenBucket | undefined {
  if (!Number.isFinite(perSecond)) return undefined;
  return before?.perSecond === perSecond ? before : new TokenBucket(perSecond, now);
}

/** Lets so many through a second, in bursts of as many. */
export class TokenBucket {
  readonly perSecond: number;
  readonly #perMs: number;
  readonly #most: number;
  #left: number;
  #filledAt: number;

  /** @param now Milliseconds of any clock. */
  constructor(perSecond: number, now: number) {
    this.perSecond = perSecond;
    this.#perMs = perSecond / 1000;
    this.#most = perSecond;
    this.#left = perSecond;
    this.#filledAt = now;
  }

  /** Whether one more may pass now. */
  take(now: number): boolean {
    const since = Math.max(0, now - this.#filledAt);
    this.#left = Math.min(this.#most, this.#left + since * this.#perMs);
    this.#filledAt = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** The one that passed last does not count. */
  giveBack(): void {
    this.#left = Math.min(this.#most, this.#left + 1);
  }
}
