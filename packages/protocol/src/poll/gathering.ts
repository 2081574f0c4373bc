import type { Clock, Timer } from '../session/index.js';

/** Waiting for more to send is worth an eighth of the way there and back ... */
const shareOfTrip = 8;
/** ... and never more than this, ms. */
const longestMs = 5;
/** No timer is worth setting for less, ms. */
const leastMs = 1;

/**
 * Puts a body off for a moment when others are on their way already: a source that is asked again as soon as it was read
 * gives a piece a turn, and a body of one piece each would use a far gateway at a tenth of what the line carries.
 */
export class Gathering {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Whether to wait; the function given is called when that is over. */
  waits(roundTripMs: number | undefined): boolean {
    if (this.#timer) return true;
    const ms = Math.min(longestMs, (roundTripMs ?? 0) / shareOfTrip);
    if (ms < leastMs) return false;
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = undefined;
      this.#onDue();
    }, ms);
    return true;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
