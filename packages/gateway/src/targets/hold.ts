import type { Reason } from '@reverse-http/protocol/errors';
import type { Clock, Timer } from '@reverse-http/protocol/session';
import type { Peer } from '../visit/visit.js';
import type { Target } from './registry.js';

/** A request that waits for its target to come back. */
export interface Waiting {
  readonly peer: Peer;
  /** For how long it may wait in all, ms. */
  readonly holdMs: number;
  /** When it began to wait (of the hold's clock): set by the hold, so that who waits again has not longer. */
  waitingSince: number | undefined;
  /** The target may take it now. */
  onAvailable(): void;
  /** It did not come back in time, or the gateway is closing. */
  onExpired(reason: Reason, waitedMs: number): void;
}

/** Clock and bounds of {@link createHold}. */
export interface HoldOptions {
  readonly clock: Clock;
  /** Requests that wait for one target. Default 64. */
  readonly maxPerTarget?: number;
  /** Requests that wait from one visitor's address. Default 16. */
  readonly maxPerAddress?: number;
  /** Requests that wait in all. Default 4,096. */
  readonly maxInAll?: number;
}

/** Where requests wait for a target that is briefly away. */
export interface Hold {
  /** Makes a request wait; a reason when there is no room for it. The function returned lets it go. */
  wait(target: Target, waiting: Waiting): (() => void) | Reason;
  /** Requests that wait at the moment. */
  readonly size: number;
  /** Lets all that wait for a target try again. */
  release(target: Target): void;
  /** Ends the waiting of all, and lets nobody wait any more. */
  close(): void;
}

interface Entry {
  readonly target: Target;
  readonly waiting: Waiting;
  readonly timer: Timer;
}

/** Keeps the heads of requests for targets that are known and away (no body is read meanwhile). */
export function createHold(options: HoldOptions): Hold {
  const { clock, maxPerTarget = 64, maxPerAddress = 16, maxInAll = 4096 } = options;
  const byTarget = new Map<Target, Set<Entry>>();
  const byAddress = new Map<string, number>();
  let count = 0;
  let closed = false;

  function leave(entry: Entry): boolean {
    const entries = byTarget.get(entry.target);
    if (!entries?.delete(entry)) return false;
    if (entries.size === 0) byTarget.delete(entry.target);
    entry.timer.cancel();
    const { address } = entry.waiting.peer;
    const others = (byAddress.get(address) ?? 1) - 1;
    if (others === 0) byAddress.delete(address);
    else byAddress.set(address, others);
    count--;
    return true;
  }

  function expire(entry: Entry, reason: Reason): void {
    const { waiting } = entry;
    if (leave(entry)) waiting.onExpired(reason, clock.now() - waiting.waitingSince!);
  }

  return {
    get size() {
      return count;
    },
    wait(target, waiting) {
      const entries = byTarget.get(target) ?? new Set();
      const ofAddress = byAddress.get(waiting.peer.address) ?? 0;
      if (closed) return 'draining';
      waiting.waitingSince ??= clock.now();
      const left = waiting.holdMs - (clock.now() - waiting.waitingSince);
      if (left <= 0) return 'no-connector';
      if (entries.size >= maxPerTarget || ofAddress >= maxPerAddress || count >= maxInAll) return 'hold-full';
      const timer = clock.setTimer(() => expire(entry, 'no-connector'), left);
      const entry: Entry = { target, waiting, timer };
      byTarget.set(target, entries.add(entry));
      byAddress.set(waiting.peer.address, ofAddress + 1);
      count++;
      return () => void leave(entry);
    },
    release(target) {
      for (const entry of [...(byTarget.get(target) ?? [])]) if (leave(entry)) entry.waiting.onAvailable();
    },
    close() {
      closed = true;
      for (const entries of [...byTarget.values()]) for (const entry of [...entries]) expire(entry, 'draining');
    },
  };
}
