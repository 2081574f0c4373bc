const least = 16 * 1024;
const most = 4 * 1024 * 1024;
/** Small enough for hops that take no more, and for a slow link to carry while the other end is still patient. */
const first = 64 * 1024;
/** A full body that is carried within this asks for larger ones, ms. */
const quickMs = 500;
/** One that takes longer holds up what stands behind it, ms. */
const slowMs = 2000;
/** Who refuses a size will do so again: it is not tried for this long, ms. */
const refusedMs = 10 * 60_000;
/** A failure may have had other reasons, ms. */
const failedMs = 60_000;

/** How large a body may be, in one direction: doubles while that goes quickly, halves when bodies fail or drag. */
export class BodySize {
  /** At present. */
  bytes: number = first;
  #ceiling = most;
  #ceilingUntil = 0;

  /** A body of this size was carried in this time; only full ones tell something. */
  worked(bytes: number, ms: number, now: number): void {
    if (bytes <= this.bytes / 2) return;
    if (now >= this.#ceilingUntil) this.#ceiling = most;
    if (ms > slowMs) this.bytes = Math.max(least, Math.floor(this.bytes / 2));
    else if (ms < quickMs) this.bytes = Math.min(this.#ceiling, this.bytes * 2);
  }

  /** Bodies of this size are refused by somebody on the way; false when there is no smaller one to try. */
  refused(bytes: number, now: number): boolean {
    return this.#shrink(bytes, now + refusedMs);
  }

  /** A body of this size failed, and that was no chance; false when there is no smaller one to try. */
  failed(bytes: number, now: number): boolean {
    return this.#shrink(bytes, now + failedMs);
  }

  #shrink(bytes: number, until: number): boolean {
    if (bytes <= least) return false;
    // Of several that left together, the first that fails is answer enough.
    if (bytes > this.bytes) return true;
    const half = bytes > this.bytes / 2 ? this.bytes / 2 : bytes / 2;
    this.bytes = this.#ceiling = Math.max(least, Math.floor(half));
    this.#ceilingUntil = until;
    return true;
  }
}
