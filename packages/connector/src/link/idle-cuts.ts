import { HoldTime } from '@reverse-http/protocol/poll';
import type { Clock, Session, Timer } from '@reverse-http/protocol/session';

/** Who cuts sooner does not do it because nothing moves, ms. */
const leastMs = 1000;
/** Two times of silence that differ by no more than this part were measured by the same clock. */
const tolerance = 0.1;

/**
 * Somebody on the way may close connections on which nothing moves. Two cuts in a row with the same silence before them give
 * him away, and from then on a sign of life is asked for before he would close again.
 */
export class IdleCuts {
  readonly #clock: Clock;
  readonly #bearable = new HoldTime(Number.POSITIVE_INFINITY);
  #lastMs = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A session runs on another transport. */
  begin(session: Session): void {
    this.stop();
    const bearableMs = this.#bearable.at(this.#clock.now());
    if (bearableMs < Number.POSITIVE_INFINITY) this.#watch(session, bearableMs);
  }

  /** A transport was closed by others, who had been silent for so long. */
  cut(silentMs: number): void {
    const isAlike = Math.abs(silentMs - this.#lastMs) <= tolerance * silentMs;
    this.#lastMs = silentMs;
    if (isAlike && silentMs >= leastMs) this.#bearable.cut(silentMs, this.#clock.now());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #watch(session: Session, bearableMs: number): void {
    if (session.state.state !== 'attached') return;
    const leftMs = session.lastHeardAt + bearableMs - this.#clock.now();
    if (leftMs <= 0) session.probe(() => {});
    this.#timer = this.#clock.setTimer(() => this.#watch(session, bearableMs), leftMs > 0 ? leftMs : bearableMs);
  }
}
