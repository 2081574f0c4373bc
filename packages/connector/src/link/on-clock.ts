import type { Clock } from '@reverse-http/protocol/session';
import type { Runtime } from './runtime.js';

/** The same machine by another clock, if one is given: its wall clock goes with it, or it would look like one that slept. */
export function onClock(runtime: Runtime, clock: Clock | undefined): Runtime {
  if (!clock) return runtime;
  const ahead = runtime.epochMs() - clock.now();
  return { ...runtime, clock, epochMs: () => ahead + clock.now() };
}
