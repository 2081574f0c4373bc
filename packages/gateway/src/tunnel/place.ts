import type { PollAcceptor } from '@reverse-http/protocol/poll';
import type { Clock, Session, Timer, Transport, Welcome } from '@reverse-http/protocol/session';
import type { Grant } from '../credentials/grant.js';
import type { Member } from '../targets/member.js';

/** A session with what is needed to resume it. */
export interface Place {
  readonly member: Member;
  readonly session: Session;
  /** What the last hello's credential allows. */
  grant: Grant;
  /** Milliseconds of the session's clock at which its first hello was let in. */
  readonly admittedAt: number;
  /** Whether it only asked if the place is free: it never takes it from anybody. */
  readonly standby: boolean;
  attach: number;
  welcome: Welcome;
  offset: number;
  /** Whether a message came after the welcome: before it, nobody is sent away for its sake. */
  proven: boolean;
  /** What carries it; undefined while it is detached. */
  carrier: Transport | undefined;
  /** The last transport by long polling, and the hello that it came with. */
  poll: { readonly attach: number; readonly acceptor: PollAcceptor } | undefined;
  expiry: Timer | undefined;
  /** Called when no exchange runs on it any more. */
  onIdle: (() => void) | undefined;
}

/** What tells when a credential expires. */
export interface ExpiryClock {
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  epochMs(): number;
}

/** Ends a place's session when its credential expires; once more for another credential. */
export function armExpiry(place: Place, by: ExpiryClock): void {
  place.expiry?.cancel();
  place.expiry = undefined;
  const { expiresAt } = place.grant;
  if (expiresAt === undefined) return;
  const left = expiresAt - by.epochMs();
  if (left <= 0) return place.session.close('revoked');
  // Timers hold 2^31 ms at most: what is further away is looked at again.
  place.expiry = by.clock.setTimer(() => armExpiry(place, by), Math.min(left, 2 ** 31 - 1));
}
