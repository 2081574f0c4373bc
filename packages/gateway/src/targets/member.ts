import type { Session, TransportName } from '@reverse-http/protocol/session';

/** One connector's session with the gateway, as the registry knows it. */
export interface Member {
  readonly session: Session;
  /** Target ids it serves, as it wrote them, with the replica's name for each. */
  readonly targets: readonly { readonly target: string; readonly replica: string }[];
  /** The connector's own key: whoever brings it again is the same connector. */
  readonly key: string;
  /** Counts the hellos that were let in: of two, the higher is the newer. */
  readonly generation: number;
  /** Software and host, as the connector told. */
  readonly agent: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly connectedAt: number;
  /** Id of the credential; empty where it has none. */
  credential: string;
  readonly owner: string;
  /** Address that the last hello came from. */
  peer: string;
  /** What carries the session, or did last. */
  transport: TransportName;
  /** Requests given to it so far. */
  requests: number;
  /** Times that it went on after its transport was lost; a move to a better one is none. */
  resumes: number;
  /** Whether it gets no new request because it is to leave. */
  leaving: boolean;
}

/** Whether it serves a target under a replica's name. */
export function isReplica({ targets }: Member, target: string, replica: string): boolean {
  return targets.some((its) => its.replica === replica && its.target.toLowerCase() === target.toLowerCase());
}

/** The name under which it serves a target. */
export function replicaOf({ targets }: Member, id: string): string {
  return targets.find(({ target }) => target.toLowerCase() === id.toLowerCase())?.replica ?? '';
}

/** Whether it takes no request at the moment because it has too many. */
export function isFull({ session, leaving }: Member): boolean {
  return !leaving && session.state.state === 'attached' && !session.mux.canOpen && !session.mux.peerGoesAway;
}

/** Whether new requests may be given to it: its transport is there, and not overdue. */
export function isAvailable({ session, leaving }: Member): boolean {
  return !leaving && session.state.state === 'attached' && !session.suspect && session.mux.canOpen;
}

/** Whether a request could leave for it at once. */
export function isWritable({ session: { state } }: Member): boolean {
  return state.state === 'attached' && state.transport.writable;
}
