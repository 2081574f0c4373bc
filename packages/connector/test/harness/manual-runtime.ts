import { Slab } from '@reverse-http/protocol/pipe';
import { createManualClock, type ManualClock } from '@reverse-http/protocol/session';
import type { Runtime } from '../../src/link/runtime.js';

/** A machine whose time and chance are a test's. */
export interface ManualRuntime extends Runtime {
  readonly clock: ManualClock;
  /** Runs what was put off. */
  flush(): void;
  /** Moves the wall clock alone, as a sleep does, or somebody who sets it. */
  moveWallClock(ms: number): void;
}

export function createManualRuntime(): ManualRuntime {
  const clock = createManualClock();
  let keys = 0;
  let ahead = 1_000_000;
  return {
    clock,
    epochMs: () => ahead + clock.now(),
    random: () => 0.5,
    randomHex: (bytes) => (++keys).toString(16).padStart(bytes * 2, '0'),
    defer: clock.defer,
    slab: new Slab(),
    agent: 'test',
    flush: () => clock.settle(),
    moveWallClock(ms) {
      ahead += ms;
    },
  };
}
