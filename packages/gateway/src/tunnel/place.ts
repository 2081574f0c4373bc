import type { PollAcceptor } from '@reverse-http/protocol/poll';
import type { Session, Transport, Welcome } from '@reverse-http/protocol/session';
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
  expiry: NodeJS.Timeout | undefined;
  /** Called when no exchange runs on it any more. */
  onIdle: (() => void) | undefined;
}

/** Ends a place's session when its credential expires; once more for another credential. */
export function armExpiry(place: Place): void {
  clearTimeout(place.expiry);
  place.expiry = undefined;
  const { expiresAt } = place.grant;
  if (expiresAt === undefined) return;
  const left = expiresAt - Date.now();
  if (left <= 0) return place.session.close('revoked');
  // Timers hold 2^31 ms at most: what is further away is looked at again.
  place.expiry = setTimeout(() => armExpiry(place), Math.min(left, 2 ** 31 - 1)).unref();
}
