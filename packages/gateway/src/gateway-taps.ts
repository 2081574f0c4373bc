import type { ResolvedGatewayOptions } from './options/resolved-options.js';
import { createAccessLog } from './tap/access-log.js';
import type { Tap } from './tap/tap.js';
import type { VisitCounters } from './tap/visit-counters.js';

/** Makes the observers of visits that the options ask for, with the counters where somebody asks for metrics. */
export function createGatewayTaps(
  { accessLog, log }: ResolvedGatewayOptions,
  counters: VisitCounters | undefined,
  onError: (error: unknown) => void,
): readonly Tap[] {
  const taps: Tap[] = counters ? [counters] : [];
  if (accessLog) taps.push(createAccessLog(guarded(accessLog, onError), log));
  return taps;
}

function guarded<T>(fn: (value: T) => void, onError: (error: unknown) => void): (value: T) => void {
  return (value) => {
    try {
      fn(value);
    } catch (error) {
      onError(error);
    }
  };
}
