import type { Timer } from '@reverse-http/protocol/session';
import type { Runtime } from './runtime.js';

/** How often to look, ms: timers stand still in a sleep, so this is how late it is noticed. */
const lookMs = 2000;
/** The wall clock is put right by less than this now and then, ms; and so short a sleep breaks nothing. */
const leastSleepMs = 5000;

/**
 * Notices that the machine slept. Monotonic clocks and their timers stand still meanwhile on most systems, so only the wall
 * clock tells. One that is put forward looks the same, and costs no more than a question too many.
 */
export class SleepWatch {
  readonly #runtime: Runtime;
  readonly #onSlept: () => void;
  /** What the wall clock is ahead of the monotonic one, ms: now, and before the last sleep. */
  #ahead: number;
  #aheadBefore: number;
  #wokeAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  /** @param onSlept Called once for each sleep, soon after it. */
  constructor(runtime: Runtime, onSlept: () => void) {
    this.#runtime = runtime;
    this.#onSlept = onSlept;
    this.#ahead = this.#aheadBefore = runtime.epochMs() - runtime.clock.now();
  }

  start(): void {
    this.look();
    this.#timer = this.#runtime.clock.setTimer(() => this.start(), lookMs);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** When something happened, ms since 1970, that happened at `at` of the monotonic clock: before a sleep, perhaps. */
  epochOf(at: number): number {
    this.look();
    return at + (at < this.#wokeAt ? this.#aheadBefore : this.#ahead);
  }

  look(): void {
    const { clock, epochMs } = this.#runtime;
    const now = clock.now();
    const ahead = epochMs() - now;
    const sleptMs = ahead - this.#ahead;
    if (sleptMs >= leastSleepMs) {
      this.#aheadBefore = this.#ahead;
      this.#wokeAt = now;
    }
    this.#ahead = ahead;
    if (sleptMs >= leastSleepMs) this.#onSlept();
  }
}
