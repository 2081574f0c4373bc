import type { Clock, Timer } from './clock.js';

/** An ack goes alone this long after the first of the bytes that wait for it, ms. */
const maxAckDelayMs = 50;

/** Lets an ack wait for a message that it can ride on, but not for long. */
export class AckDelay {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #timer: Timer | undefined;
  #dueAt = 0;

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Bytes wait for their ack. */
  begin(now: number): void {
    if (this.#timer) {
      // A hidden tab's timers sleep: what is overdue goes from here.
      if (now >= this.#dueAt) this.#onDue();
      return;
    }
    this.#dueAt = now + maxAckDelayMs;
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = undefined;
      this.#onDue();
    }, maxAckDelayMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
