/** A timer that was started. */
export interface Timer {
  /** Stops it; harmless when it ran already. */
  cancel(): void;
}

/** Time, given from outside: the house has no clock of its own. */
export interface Clock {
  /** Milliseconds, monotonic, with fractions where there are any. */
  now(): number;
  /** Calls `fn` once after `ms`. A timer of ours never keeps a process alive by itself. */
  setTimer(fn: () => void, ms: number): Timer;
}
