import type { Session } from '@reverse-http/protocol/session';

/** One connector's session with the gateway, as the registry knows it. */
export interface Member {
  readonly session: Session;
  /** Target ids it serves, as it wrote them, with the replica's name for each. */
  readonly targets: readonly { readonly target: string; readonly replica: string }[];
  /** The connector's own key: whoever brings it again is the same connector. */
  readonly key: string;
  /** Software and host, as the connector told. */
  readonly agent: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly connectedAt: number;
}

/** Whether it takes no request at the moment because it has too many. */
export function isFull({ session }: Member): boolean {
  return session.state.state === 'attached' && !session.mux.canOpen && !session.mux.peerGoesAway;
}

/** Whether new requests may be given to it: its transport is there, and not overdue. */
export function isAvailable({ session }: Member): boolean {
  return session.state.state === 'attached' && !session.suspect && session.mux.canOpen;
}
