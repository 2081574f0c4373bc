import type { ResolvedGatewayOptions } from './options/resolved-options.js';
import { createAccessLog } from './tap/access-log.js';
import type { Tap } from './tap/tap.js';
import { createVisitCounters, type VisitCounters } from './tap/visit-counters.js';

/** Who observes the visits of a gateway. */
export interface GatewayTaps {
  readonly taps: readonly Tap[];
  /** Undefined where nobody asks for metrics: then nothing is counted. */
  readonly counters: VisitCounters | undefined;
}

/** Makes the observers that the options ask for. */
export function createGatewayTaps(
  { accessLog, log, admin }: ResolvedGatewayOptions,
  onError: (error: unknown) => void,
): GatewayTaps {
  const counters = admin?.metrics && createVisitCounters();
  const taps: Tap[] = counters ? [counters] : [];
  if (accessLog) taps.push(createAccessLog(guarded(accessLog, onError), log));
  return { taps, counters };
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
