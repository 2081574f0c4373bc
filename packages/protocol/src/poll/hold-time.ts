/** No poll is held for less, whoever cuts it, ms. */
const least = 500;
/** Part of the time after which a poll was cut that the next one is held for. */
const safety = 0.75;
/** After this without a cut it may have been an accident: longer holds are tried again, ms. */
const probeMs = 10 * 60_000;

/** How long polls may wait at the gateway: shortened when somebody on the way cuts them, lengthened again much later. */
export class HoldTime {
  readonly #wished: number;
  #ms: number;
  #cutAt = 0;

  /** @param wished What is asked for where nobody objects, ms. Default 15,000. */
  constructor(wished: number = 15_000) {
    this.#wished = wished;
    this.#ms = wished;
  }

  /** What the next poll is to ask for, ms. */
  at(now: number): number {
    if (this.#ms < this.#wished && now - this.#cutAt >= probeMs) {
      this.#ms = Math.min(this.#wished, this.#ms * 2);
      this.#cutAt = now;
    }
    return this.#ms;
  }

  /** A poll that had waited for so long was cut. */
  cut(waitedMs: number, now: number): void {
    this.#ms = Math.min(this.#ms, Math.max(least, Math.round(waitedMs * safety)));
    this.#cutAt = now;
  }
}
