import type { Visit, VisitOutcome } from '../visit/visit.js';

/** Hears of every visit: log, metrics, traces and inspector stand on it. Must not throw, nor keep what it is given. */
export interface Tap {
  /** A visit has its target, or is about to be answered without one. */
  onHead?(visit: Visit, target: string | undefined): void;
  /** A visit is over. */
  onEnd(visit: Visit, target: string | undefined, outcome: VisitOutcome, durationMs: number): void;
}
