import type { Visit } from '../visit/visit.js';
import type { Tap } from './tap.js';

/** Lets the taps hear of a visit, from now to its end. */
export function observeVisit(taps: readonly Tap[], visit: Visit, target: string | undefined): void {
  if (taps.length === 0) return;
  const startedAt = performance.now();
  visit.onEnded = (outcome) => {
    for (const tap of taps) tap.onEnd(visit, target, outcome, performance.now() - startedAt);
  };
  for (const tap of taps) tap.onHead?.(visit, target);
}

/** Lets the taps hear of a visit's end, should it come before its target is known; {@link observeVisit} follows otherwise. */
export function observeEnd(taps: readonly Tap[], visit: Visit): void {
  if (taps.length === 0) return;
  const startedAt = performance.now();
  visit.onEnded = (outcome) => {
    for (const tap of taps) tap.onEnd(visit, undefined, outcome, performance.now() - startedAt);
  };
}
