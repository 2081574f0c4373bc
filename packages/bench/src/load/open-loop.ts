/**
 * Requests that are due at times of their own, whether or not those before them were answered, and visitors with one request
 * at a time that send them. Latency counts from when a request was due: one that found no free visitor has waited too, and
 * a server that stood still is blamed for all that it kept waiting (no coordinated omission).
 */
export class OpenLoop {
  /** Of what was answered, ms. */
  readonly latencies: number[] = [];
  readonly #free: number[] = [];
  /** What each visitor is waiting for: when that was due. */
  readonly #asked: number[] = [];
  /** Due, and nobody there to send it. */
  readonly #waiting: number[] = [];
  #taken = 0;

  constructor(visitors: number) {
    for (let visitor = visitors - 1; visitor >= 0; visitor--) this.#free.push(visitor);
  }

  /** A request is due. Gives the visitor that is to send it now, if one is free. */
  due(at: number): number | undefined {
    const visitor = this.#free.pop();
    if (visitor === undefined) this.#waiting.push(at);
    else this.#asked[visitor] = at;
    return visitor;
  }

  /** A visitor was answered. Says whether it is to send another request at once. */
  answered(visitor: number, now: number): boolean {
    this.latencies.push(now - this.#asked[visitor]!);
    const next = this.#waiting[this.#taken];
    if (next === undefined) {
      this.#free.push(visitor);
      return false;
    }
    this.#taken++;
    this.#asked[visitor] = next;
    return true;
  }
}

/** The smallest value that so many per cent of all are not above (nearest rank); values in ascending order, at least one. */
export function percentile(sorted: ArrayLike<number>, percent: number): number {
  // 99.9 % of 1,000 is 999, not the 999.0000000000001 of the machine's arithmetic.
  const rank = Math.ceil(Number(((percent / 100) * sorted.length).toPrecision(12)));
  return sorted[Math.max(rank, 1) - 1]!;
}
