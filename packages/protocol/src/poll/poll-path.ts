import { BodySize } from './body-size.js';
import { HoldTime } from './hold-time.js';
import { SerialHop } from './serial-hop.js';

/** What was learnt about the way to a gateway; worth keeping from one transport to the next. */
export interface PollPath {
  /** Bodies of requests. */
  readonly up: BodySize;
  /** Bodies of answers. */
  readonly down: BodySize;
  readonly hold: HoldTime;
  /** Whether requests wait for each other. */
  readonly serial: SerialHop;
  /** Smallest round trip seen, ms; the hello's to begin with, where somebody took its time. */
  roundTripMs: number | undefined;
}

/**
 * Makes a {@link PollPath} of which nothing is known yet.
 *
 * @param holdMs How long a poll may wait at the gateway where nobody objects, ms. Default 15,000.
 */
export function createPollPath(holdMs?: number): PollPath {
  const serial = new SerialHop();
  return { up: new BodySize(), down: new BodySize(), hold: new HoldTime(holdMs), serial, roundTripMs: undefined };
}
