import type { GatewayEvent } from './status.js';

/** Tells what happens on the connectors' side to those who listen. */
export interface EventFeed {
  /** Tells an event that happens now. Costs nothing while nobody listens. */
  emit(event: Omit<GatewayEvent, 'time'>): void;
  /** Hears every event from now on; the result stops that. */
  subscribe(listener: (event: GatewayEvent) => void): () => void;
}

/** @param onError Hears what a listener threw; the others are told all the same. */
export function createEventFeed(onError: (error: unknown) => void, now: () => number): EventFeed {
  const listeners = new Set<(event: GatewayEvent) => void>();
  return {
    emit(event) {
      if (listeners.size === 0) return;
      const timed = { time: new Date(now()).toISOString(), ...event };
      for (const listener of [...listeners]) {
        try {
          listener(timed);
        } catch (error) {
          onError(error);
        }
      }
    },
    subscribe(listener) {
      // A function of its own, so that one who listens twice may stop once.
      const own = (event: GatewayEvent): void => listener(event);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
  };
}
