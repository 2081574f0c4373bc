import type { ReverseHttpError, SessionCode } from '@reverse-http/protocol/errors';
import type { TransportName } from '@reverse-http/protocol/session';

/** A target that is registered at the gateway. */
export interface RegisteredTarget {
  /** Its id. */
  readonly target: string;
  /** Where visitors reach it; always ends in `/`. */
  readonly url: string;
  /** All its public URLs, the preferred one first. */
  readonly urls: readonly string[];
}

/** What a registration at the gateway came to; of several targets, the first. */
export interface Registration extends RegisteredTarget {
  readonly transport: TransportName;
}

/** Why a connection ended. */
export interface CloseReason {
  /** `closed` after {@link Connection.close}, `aborted` after {@link Connection.abort}, else what the gateway refused with. */
  readonly code: SessionCode;
  /** One sentence for people. */
  readonly message: string;
  /** What {@link Connection.abort} was given. */
  readonly cause?: unknown;
}

/** Where a connection stands. Visitors are served in `ready` alone; in `detached` those being served are kept. */
export type ConnectionState =
  /** Dialling, or waiting to: `retryInMs` after `error`. */
  | { readonly state: 'connecting'; readonly error?: ReverseHttpError; readonly retryInMs?: number }
  /** Welcomed, and a round trip worked: visitors reach the target. */
  | ({ readonly state: 'ready' } & Registration)
  /** A sign of life is overdue: `ready` again when it comes, else `detached`, within seconds. */
  | { readonly state: 'suspect' }
  /** The transport is lost, the session lives on: dialling anew, to go on where it stopped. */
  | { readonly state: 'detached'; readonly error?: ReverseHttpError; readonly retryInMs?: number }
  /** A newer start of the same replica serves the target; this one asks once a minute whether it is still there. */
  | { readonly state: 'standby'; readonly retryInMs: number }
  /** The gateway refused for a reason that trying again does not mend; without `retryInMs` the connection closes. */
  | { readonly state: 'refused'; readonly error: ReverseHttpError; readonly retryInMs?: number }
  | { readonly state: 'closed'; readonly reason: CloseReason };

/** Settings of {@link Connection.close}. */
export interface CloseOptions {
  /** How long running exchanges may take to finish, ms; what is left then is aborted. Default 30,000. */
  readonly graceMs?: number;
}

/** A connector's lasting tie to a gateway: survives the loss of every transport and session. */
export interface Connection {
  /**
   * The first registration, once a round trip has worked. Rejects with a ReverseHttpError for what no retry can mend, and when the connection is
   * closed or aborted before; never an unhandled rejection.
   */
  readonly ready: Promise<Registration>;
  /** Resolves with the reason when all is over; never rejects. */
  readonly closed: Promise<CloseReason>;
  readonly state: ConnectionState;
  /** Where visitors reach the target; undefined before the first registration. Always ends in `/`. */
  readonly url: string | undefined;
  /** Every target, in the order of the options; empty before the first registration. */
  readonly targets: readonly RegisteredTarget[];
  /** When a round trip to the gateway worked last, ms since 1970; undefined before the first welcome. */
  readonly lastRoundTripAt: number | undefined;
  /** Takes no new requests, finishes the running ones, then leaves. Idempotent. */
  close(options?: CloseOptions): Promise<void>;
  /** Ends all now; running exchanges are aborted. Idempotent. */
  abort(reason?: unknown): void;
  /** {@link close}, where the runtime has `Symbol.asyncDispose`. */
  [Symbol.asyncDispose](): Promise<void>;
}
