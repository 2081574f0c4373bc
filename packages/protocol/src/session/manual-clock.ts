import type { Clock, Timer } from './clock.js';

/** Time that moves only when it is told to, for tests: a clock, its timers, and what was put off to the end of a turn. */
export interface ManualClock extends Clock {
  /** Puts `fn` off until {@link settle} or {@link advance}: the `defer` of sessions and links. */
  readonly defer: (fn: () => void) => void;
  /** Runs what was put off, and what that puts off, until nothing is left. */
  settle(): void;
  /** Settles, then moves time on, timer by timer, settling after each. */
  advance(ms: number): void;
  /** Settles, then moves time to the first timer that is due by `until`, and runs it; false when there is none. */
  step(until: number): boolean;
  /** Timers that were started and neither ran nor were cancelled. */
  readonly pendingTimers: number;
}

interface PendingTimer {
  readonly at: number;
  readonly fn: () => void;
}

/** Turns of {@link ManualClock.settle} without an end in sight: two parties answer each other for ever. */
const maxSettleSteps = 1_000_000;

/** A clock that stands at `start` (default 0) until it is moved. */
export function createManualClock(start = 0): ManualClock {
  let time = start;
  let deferred: (() => void)[] = [];
  /** In order of time, those for the same time in order of their start. */
  const timers: PendingTimer[] = [];

  function settle(): void {
    let steps = 0;
    while (deferred.length > 0) {
      const batch = deferred;
      deferred = [];
      for (const fn of batch) fn();
      steps += batch.length;
      if (steps > maxSettleSteps) throw new Error('what is put off never ends');
    }
  }

  function step(until: number): boolean {
    settle();
    const timer = timers[0];
    if (!timer || timer.at > until) return false;
    timers.shift();
    time = Math.max(time, timer.at);
    timer.fn();
    return true;
  }

  return {
    now: () => time,
    defer: (fn) => {
      deferred.push(fn);
    },
    setTimer(fn, ms): Timer {
      const timer = { at: time + ms, fn };
      let index = timers.length;
      while (index > 0 && timers[index - 1]!.at > timer.at) index--;
      timers.splice(index, 0, timer);
      return {
        cancel() {
          const found = timers.indexOf(timer);
          if (found >= 0) timers.splice(found, 1);
        },
      };
    },
    settle,
    step,
    advance(ms) {
      const until = time + ms;
      while (step(until)) {
        // One timer after the other.
      }
      time = until;
    },
    get pendingTimers() {
      return timers.length;
    },
  };
}
