import type { TransportName } from '@reverse-http/protocol/session';

/** One connector's session, as lists show it: plain data, a picture of the moment. */
export interface SessionStatus {
  /** The session's id. */
  readonly session: string;
  readonly targets: readonly { readonly target: string; readonly replica: string }[];
  readonly state: 'attached' | 'suspect' | 'detached';
  /** What carries it now, or did last. */
  readonly transport: TransportName;
  /** ISO 8601: when the session began. */
  readonly since: string;
  /** Software, as the connector told. */
  readonly agent: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Address that the last hello came from. */
  readonly peer: string;
  /** Id and owner of the credential. */
  readonly credential: string;
  readonly owner: string;
  /** Requests so far, and those running. */
  readonly requests: number;
  readonly running: number;
  /** Times that it went on after its transport was lost; a move to a better one is none. */
  readonly resumes: number;
}

/** A target that is connected, as lists show it. */
export interface TargetStatus {
  /** As first registered. */
  readonly target: string;
  /** Public URLs, the preferred one first. */
  readonly urls: readonly string[];
  readonly owner: string;
  /** ISO 8601: since when somebody serves it without a gap. */
  readonly since: string;
  readonly requests: number;
  readonly running: number;
  /** Bytes of bodies from and to visitors. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly replicas: readonly (Omit<SessionStatus, 'targets'> & { readonly replica: string })[];
}

/** What happens on the connectors' side, for `onEvent` and the event stream of the admin listener. */
export interface GatewayEvent {
  /** ISO 8601. */
  readonly time: string;
  readonly event:
    | 'connected'
    | 'detached'
    | 'resumed'
    | 'moved'
    | 'replaced'
    | 'disconnected'
    | 'refused'
    | 'kicked'
    | 'draining';
  readonly session?: string;
  readonly targets?: readonly string[];
  readonly replica?: string;
  readonly transport?: TransportName;
  readonly peer?: string;
  readonly credential?: string;
  /** A session code, as `unauthorized`. */
  readonly code?: string;
  /** One sentence for people. */
  readonly message?: string;
}
