/** A request that is answered sooner has not waited for anybody, ms. */
const leastWaitMs = 200;
/** Its turn comes at once after the poll before it, ms; or within this part of the time that it took. */
const turnMs = 50;
const turnShare = 8;
/** So often, without anything that speaks against it, is no chance. */
const proofs = 2;
/** What a hop did it will go on doing for a while, ms. */
const rememberedMs = 10 * 60_000;

/** On such a path no poll is held for longer, ms: whatever is to go up waits for it. */
export const serialHoldMs = 250;

/**
 * Finds out whether somebody on the way has one connection for all requests: there a post, or a poll with bytes, waits until
 * the poll before it was answered, though the gateway would have answered it at once.
 */
export class SerialHop {
  #pollAt = Number.NEGATIVE_INFINITY;
  #seen = 0;
  #until = 0;

  /** Whether requests wait for each other on this path. */
  at(now: number): boolean {
    return now < this.#until;
  }

  /** Whether it looked like that. */
  get isSuspected(): boolean {
    return this.#seen > 0;
  }

  /** A request was answered before a poll that had left earlier and was held: nobody waits for anybody. */
  refute(): void {
    this.#seen = 0;
  }

  /** A poll was answered that nothing had come for: at the end of its hold. */
  pollExpired(now: number): void {
    this.#pollAt = now;
  }

  /** A request that the gateway does not hold was answered after `tookMs`. */
  answered(tookMs: number, now: number): void {
    // On a path that is known for it waits are short, and tell nothing.
    if (this.at(now)) return;
    const since = now - this.#pollAt;
    const isTurn = tookMs >= leastWaitMs && since <= Math.max(turnMs, tookMs / turnShare);
    if (isTurn) this.#prove(now);
  }

  /** Such a request brought no answer in time while a poll was held: it stands behind that one, or the way is broken. */
  late(now: number): void {
    this.#prove(now);
  }

  #prove(now: number): void {
    if (++this.#seen < proofs) return;
    this.#seen = 0;
    this.#until = now + rememberedMs;
  }
}
