import type { Session } from '@reverse-http/protocol/session';
import type { DeadlinePolicy } from '../policy/target-policy.js';
import type { TimerWheel, WheelEntry } from '../timing/timer-wheel.js';

/** Which deadline passed. */
export type Deadline = 'first-byte' | 'idle' | 'total';

/**
 * The deadlines of one exchange, on a wheel: to be extended by what has them, so that no object is made for them. Times
 * are ticks; whatever happens often is an assignment. `firstByte` counts from when the head was sent or the last byte of
 * the request moved, `idle` from the last byte of either side; both stand still while the link is down, `total` does not.
 */
export abstract class Deadlines implements WheelEntry {
  dueTick = 0;
  lookTick = 0;
  before: WheelEntry | undefined;
  behind: WheelEntry | undefined;
  readonly #wheel: TimerWheel;
  protected readonly deadlines: DeadlinePolicy;
  #session: Session | undefined;
  /** When the exchange was begun for the first time; -1 before. */
  #startTick = -1;
  #movedTick = 0;
  #answered = false;
  #detachedMs = 0;

  constructor(wheel: TimerWheel, deadlines: DeadlinePolicy) {
    this.#wheel = wheel;
    this.deadlines = deadlines;
  }

  /** Called once when a deadline has passed. */
  protected abstract onLate(deadline: Deadline): void;

  /** Whether the request's head is still on its way out, so that nobody can be late with an answer. */
  protected abstract isQueued(): boolean;

  /** The exchange begins, over a session. */
  protected startDeadlines(session: Session): void {
    const { tick } = this.#wheel;
    if (this.#startTick < 0) this.#startTick = tick;
    this.#movedTick = tick;
    this.#session = session;
    this.#detachedMs = session.detachedMs;
    this.#arm();
  }

  /** A byte moved. */
  protected moved(): void {
    this.#movedTick = this.#wheel.tick;
  }

  /** The answer's head came: only silence counts from now on. */
  protected answered(): void {
    this.#answered = true;
    this.moved();
    if (this.deadlines.idleMs === 0 && this.deadlines.totalMs === 0) this.stopDeadlines();
  }

  /** The exchange is over, or waits for another session. */
  protected stopDeadlines(): void {
    this.#wheel.remove(this);
  }

  onDue(): void {
    const { tick } = this.#wheel;
    const queued = this.isQueued();
    if (queued) this.moved();
    else this.#standStill();
    const { firstByteMs, idleMs, totalMs } = this.deadlines;
    if (totalMs > 0 && tick > this.#startTick + this.#ticks(totalMs)) this.onLate('total');
    else if (this.#waitsForHead && tick > this.#movedTick + this.#ticks(firstByteMs)) this.onLate('first-byte');
    else if (idleMs > 0 && tick > this.#movedTick + this.#ticks(idleMs)) this.onLate('idle');
    // Nobody tells when the head leaves: it is looked at again soon, so that the answer gets all of its time.
    else if (queued) this.#wheel.arm(this, 1);
    else this.#arm();
  }

  get #waitsForHead(): boolean {
    return this.deadlines.firstByteMs > 0 && !this.#answered;
  }

  /** Takes out of the count what the link was down since it was looked at last. */
  #standStill(): void {
    const { detachedMs } = this.#session!;
    const still = this.#ticks(detachedMs - this.#detachedMs);
    this.#detachedMs = detachedMs;
    this.#movedTick = Math.min(this.#wheel.tick, this.#movedTick + still);
  }

  #arm(): void {
    const { firstByteMs, idleMs, totalMs } = this.deadlines;
    let due = Number.POSITIVE_INFINITY;
    if (this.#waitsForHead) due = this.#movedTick + this.#ticks(firstByteMs);
    if (idleMs > 0) due = Math.min(due, this.#movedTick + this.#ticks(idleMs));
    if (totalMs > 0) due = Math.min(due, this.#startTick + this.#ticks(totalMs));
    // The present tick has begun already: one more, and nobody is cut short.
    if (due < Number.POSITIVE_INFINITY) this.#wheel.arm(this, Math.max(1, due + 1 - this.#wheel.tick));
  }

  #ticks(ms: number): number {
    return Math.ceil(ms / this.#wheel.tickMs);
  }
}
