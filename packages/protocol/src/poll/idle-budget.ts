/** Requests in a row that may bring nothing. */
const burst = 200;
/** How many more of them are allowed in each second: acks that are due after 50 ms, polls of a hop that cuts early. */
const perSecond = 50;
/** How many may come too fast, at once or faster than they are allowed: who comes again when it was told to never owes as much. */
const mostOwed = 50;

/** Bounds how often a connector may ask for nothing; requests that bring something are free, and earn some that do not. */
export class IdleBudget {
  #left = burst;
  #at = 0;

  /** Takes one: `late` when they come too fast, `flood` when that does not help. */
  take(now: number): 'free' | 'late' | 'flood' {
    this.earn(((now - this.#at) * perSecond) / 1000);
    this.#at = now;
    this.#left--;
    if (this.#left >= 0) return 'free';
    return this.#left >= -mostOwed ? 'late' : 'flood';
  }

  /** So many more are allowed: while data moves, polls follow each other as fast as the way lets them. */
  earn(requests: number): void {
    this.#left = Math.min(burst, this.#left + requests);
  }
}
