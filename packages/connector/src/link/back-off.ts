/** How long to wait between attempts. */
export interface BackOffPolicy {
  /** Whether the first attempt after a success comes without any wait. */
  readonly firstAtOnce: boolean;
  /** Longest wait before the second attempt, ms; doubles from there. */
  readonly firstMs: number;
  /** The longest wait stops growing here, ms. */
  readonly maxMs: number;
  /** The shortest wait, as a share of the longest: 0 is full jitter. */
  readonly floor: number;
  /** After this long without success, ms, the longest wait is {@link wearyMs}. */
  readonly wearyAfterMs?: number;
  readonly wearyMs?: number;
}

/**
 * Between dials: at once, then full jitter, so that ten thousand connectors whose gateway restarts do not come back in
 * step. The longest wait is well below the 5 s that a gateway's visitors wait for a target: whoever comes when it is back
 * still meets the connector.
 */
export const dialPolicy: BackOffPolicy = {
  firstAtOnce: true,
  firstMs: 100,
  maxMs: 3000,
  floor: 0,
  wearyAfterMs: 10 * 60_000,
  wearyMs: 15_000,
};

/** After a refusal that only somebody's doing can mend: from a minute to a quarter of an hour. */
export const refusedPolicy: BackOffPolicy = { firstAtOnce: false, firstMs: 60_000, maxMs: 15 * 60_000, floor: 0.5 };

/** Between tries of a better transport than the one that works: at once, then after a minute, in the end twice an hour. */
export const upgradePolicy: BackOffPolicy = { firstAtOnce: true, firstMs: 60_000, maxMs: 30 * 60_000, floor: 0.5 };

/** Counts attempts in vain. */
export class BackOff {
  readonly #policy: BackOffPolicy;
  readonly #random: () => number;
  readonly #now: () => number;
  #attempts = 0;
  #since: number | undefined;
  #sparedMs = 0;

  /** @param random A number in [0, 1). @param now Milliseconds, monotonic. */
  constructor(policy: BackOffPolicy, random: () => number, now: () => number) {
    this.#policy = policy;
    this.#random = random;
    this.#now = now;
  }

  /** How long to wait before the next attempt, ms. */
  next(): number {
    const { firstAtOnce, firstMs, floor } = this.#policy;
    this.#since ??= this.#now();
    const step = this.#attempts++ - (firstAtOnce ? 1 : 0);
    if (step < 0) return 0;
    const longest = this.#longest(firstMs * 2 ** Math.min(step, 40));
    const waited = this.#sparedMs;
    this.#sparedMs = 0;
    return Math.max(0, Math.round(longest * (floor + (1 - floor) * this.#random()) - waited));
  }

  /** It worked: begins anew. */
  reset(): void {
    this.#attempts = this.#sparedMs = 0;
    this.#since = undefined;
  }

  /**
   * It worked, though not for long: the waits begin anew, and the next attempt is spared as much of its own as it worked,
   * since what the wait bounds is how often attempts are made.
   */
  ease(workedMs: number): void {
    this.#attempts = this.#policy.firstAtOnce ? 1 : 0;
    this.#since = undefined;
    this.#sparedMs = workedMs;
  }

  #longest(grown: number): number {
    const { maxMs, wearyAfterMs, wearyMs } = this.#policy;
    const weary = wearyAfterMs !== undefined && this.#now() - this.#since! >= wearyAfterMs;
    return weary && wearyMs !== undefined ? wearyMs : Math.min(grown, maxMs);
  }
}
