import type { Clock, Timer } from '../session/index.js';

/** Timers that end together with what they belong to. */
export class Timers {
  readonly #clock: Clock;
  readonly #running = new Set<Timer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(ms: number, fn: () => void): Timer {
    const timer = this.#clock.setTimer(() => {
      if (this.#running.delete(timer)) fn();
    }, ms);
    this.#running.add(timer);
    return timer;
  }

  cancel(timer: Timer | undefined): void {
    if (timer && this.#running.delete(timer)) timer.cancel();
  }

  cancelAll(): void {
    for (const timer of this.#running) timer.cancel();
    this.#running.clear();
  }
}
