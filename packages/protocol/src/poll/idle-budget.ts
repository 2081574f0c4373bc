/** Requests in a row that may bring nothing. */
const burst = 200;
/** How many more of them are allowed in each second: acks that are due after 50 ms, polls of a hop that cuts early. */
const perSecond = 50;

/** Bounds how often a connector may ask for nothing; requests that bring something are free, and earn some that do not. */
export class IdleBudget {
  #left = burst;
  #at = 0;

  /** Takes one; false when they come too fast. */
  take(now: number): boolean {
    this.earn(((now - this.#at) * perSecond) / 1000);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** So many more are allowed: while data moves, polls follow each other as fast as the way lets them. */
  earn(requests: number): void {
    this.#left = Math.min(burst, this.#left + requests);
  }
}
