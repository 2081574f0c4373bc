import type { Visit } from '../visit/visit.js';
import type { Tap } from './tap.js';

/** Lets the taps hear of a visit, from now to its end; `since` (of `performance.now()`) where it began before. */
export function observeVisit(taps: readonly Tap[], visit: Visit, target: string | undefined, since?: number): void {
  if (taps.length === 0) return;
  const startedAt = since ?? performance.now();
  visit.onEnded = (outcome) => {
    for (const tap of taps) tap.onEnd(visit, target, outcome, performance.now() - startedAt);
  };
  for (const tap of taps) tap.onHead?.(visit, target);
}

/**
 * Lets the taps hear of a visit's end, should it come before its target is known; {@link observeVisit} follows otherwise.
 * Returns since when the visit is observed.
 */
export function observeEnd(taps: readonly Tap[], visit: Visit): number | undefined {
  if (taps.length === 0) return undefined;
  const startedAt = performance.now();
  visit.onEnded = (outcome) => {
    for (const tap of taps) tap.onEnd(visit, undefined, outcome, performance.now() - startedAt);
  };
  return startedAt;
}
