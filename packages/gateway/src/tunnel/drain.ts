import type { Clock } from '@reverse-http/protocol/session';
import type { Place } from './place.js';
import type { PlaceTable } from './place-table.js';

/** Waits for what runs on sessions. */
export interface Drain {
  /** Lets some sessions finish what runs, then ends them; after `graceMs` whatever runs. */
  drain(leaving: readonly Place[], graceMs: number): Promise<void>;
  /** Resolves when nothing runs on any session. */
  idle(): Promise<void>;
  /** Nothing runs on a place any more, or it is gone. */
  onIdle(place: Place): void;
}

/** Makes a {@link Drain}. */
export function createDrain(places: PlaceTable, clock: Clock): Drain {
  let allIdle: Promise<void> | undefined;
  let onAllIdle: (() => void) | undefined;

  function isIdle(): boolean {
    for (const { session } of places) if (session.mux.size > 0) return false;
    return true;
  }

  async function drainOne(place: Place, graceMs: number): Promise<void> {
    const { member, session } = place;
    member.leaving = true;
    if (session.mux.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = clock.setTimer(resolve, graceMs);
        const before = place.onIdle;
        place.onIdle = () => {
          timer.cancel();
          before?.();
          resolve();
        };
      });
    }
    session.close('draining');
  }

  return {
    async drain(leaving, graceMs) {
      await Promise.all(leaving.map((place) => drainOne(place, graceMs)));
    },
    idle() {
      allIdle ??= new Promise((resolve) => {
        onAllIdle = resolve;
      });
      if (isIdle()) onAllIdle?.();
      return allIdle;
    },
    onIdle(place) {
      place.onIdle?.();
      if (onAllIdle && isIdle()) onAllIdle();
    },
  };
}
