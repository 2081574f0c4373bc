import type { AdminOptions } from './admin/admin-options.js';
import type { Credentials } from './credentials/credentials.js';
import type { Authenticate } from './credentials/grant.js';
import type { RouteFunction } from './routing/by-function.js';
import type { Route } from './routing/route.js';
import type { AccessLogEntry } from './tap/access-log.js';
import type { GatewayEvent } from './targets/status.js';

/** A time: a number of milliseconds, or a text such as `250ms`, `5s`, `1m`, `2h`, `90d` or `off`. */
export type Duration = number | string;

/** A number of bytes, or a text such as `512B`, `32KiB`, `1MiB`, `2GiB` or `off`. */
export type Size = number | string;

/** A number of at least 1, or `off` for no bound. */
export type Count = number | 'off';

/** Where a listener is: `address`, or `host` and `port`. */
export interface ListenAddress {
  /** Host and port in one, as `0.0.0.0:443` or `[::]:443`. Not together with the other two. */
  readonly address?: string;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** Port; 0 takes a free one. Default 8080. */
  readonly port?: number;
}

/** A route as a configuration file has it: exactly one of the names, with what belongs to it. */
export type RouteOptions =
  | { readonly path: string; readonly keepPrefix?: boolean }
  | { readonly host: string | Readonly<Record<string, string>> }
  | { readonly cookie: string; readonly select?: string }
  | { readonly header: string }
  | { readonly target: string };

/** Times that hold for visitors' connections. */
export interface ConnectionDeadlines {
  /** How long a request's head may take to come whole, from its first byte or the connection's beginning; then 408. Default 10s. */
  readonly head?: Duration;
  /**
   * How long a connection may wait for its next request; then it is closed. So it is when a visitor leaves the rest of its answer
   * untaken for as long. Default 65s.
   */
  readonly keepAlive?: Duration;
}

/** One visitors' listener. */
export interface ListenerOptions extends ListenAddress {
  /** How a request is given its target; the first that yields one wins. Default `[byHost('*.localhost'), byPath('/gw')]`. */
  readonly routes?: readonly (Route | RouteOptions | RouteFunction)[];
  /** Host names served, without port; others get 421. Default: `publicUrl`'s, host routes', `*.localhost`, loopback. */
  readonly hosts?: readonly string[];
  /** Whether visitors are served as if they were connected to the server itself: nothing is added or taken away. Default false. */
  readonly transparent?: boolean;
  /** Whether connectors may dial in here. Default true, but for a listener that is all one target. */
  readonly tunnel?: boolean;
  /**
   * `trusted`: targets of different owners may share this listener's origin (by path, cookie and header routes), although
   * they can attack each other in a visitor's browser. Default: a second owner is refused there, `not-addressable`.
   */
  readonly sharedOrigin?: 'trusted';
  /** What holds for visitors who come by this listener; what the operator says of a target wins. Default: {@link GatewayOptions.deadlines}. */
  readonly deadlines?: TargetDeadlines & ConnectionDeadlines;
}

/** Times that hold for exchanges. None of them cuts a stream that moves, but for `total`. */
export interface TargetDeadlines {
  /** How long a request waits for a known target that is away; then 503. Default 5s; `off`: not at all. */
  readonly hold?: Duration;
  /**
   * How long the answer's head may take, from when the request left for the connector or the last byte of it moved; then 504. Stands still
   * while the connector's link is down. Default 60s.
   */
  readonly firstByte?: Duration;
  /** How long neither side may move a byte, an upgraded connection included; then 504, or the answer is broken off. Stands still as well. Default `off`. */
  readonly idle?: Duration;
  /** How long an exchange may take in all, whatever happens. Default `off`. */
  readonly total?: Duration;
}

/** What holds for the targets that a pattern fits. Of several rules that speak of the same thing, the first one holds. */
export interface TargetOptions {
  /** A target id, or a pattern in which `*` stands for any text. An id is known from the start: its visitors are held. */
  readonly match: string;
  /** Default: those of {@link GatewayOptions.deadlines}. */
  readonly deadlines?: TargetDeadlines;
  readonly limits?: {
    /** Exchanges of one target at a time; beyond them 503 `overloaded`. Default `off`. */
    readonly concurrent?: Count;
    /** Requests a second, in bursts of as many; beyond them 429 `rate-limited`. Default `off`. */
    readonly requestsPerSecond?: Count;
  };
  /** Whether connectors share the target, or the one that answers keeps it and others get `target-taken`. Default `share`. */
  readonly replicas?: 'share' | 'exclusive';
  /**
   * `cookie`: a visitor stays with the replica that served it first, as long as that takes requests, by a cookie of the
   * gateway's own. Default `none`.
   */
  readonly affinity?: 'none' | 'cookie';
  /** `idempotent`: such requests are tried again after they were sent, when nothing of them was consumed. Default `off`. */
  readonly retry?: 'off' | 'idempotent';
}

/** Settings of a gateway: one vocabulary with the configuration file, whose parsed content can be given as it is. */
export interface GatewayOptions {
  /** Version of this vocabulary. Default and only one: 1. */
  readonly version?: 1;
  /** Default: one listener with the defaults of {@link ListenerOptions}. */
  readonly listeners?: readonly ListenerOptions[];
  /** How visitors and connectors reach the gateway, as `https://gw.example.com`. Default: the first listener's address. */
  readonly publicUrl?: string;
  /**
   * Addresses and blocks, as `10.0.0.0/8` or `2001:db8::/32`, of proxies in front of the gateway: their `X-Forwarded-For` and
   * `-Proto` say who the visitor is, and what they say of it is added to instead of replaced. Default: none.
   */
  readonly trustedProxies?: readonly string[];
  /** A listener for the operator. Default: none. */
  readonly admin?: AdminOptions | 'off';
  /** Who may connect. Default: one token made at random, see {@link Gateway.token}. `none` lets everybody in. */
  readonly auth?: 'none' | { readonly tokens: readonly string[] } | Authenticate | Credentials;
  readonly connectors?: {
    /** File of hashed tokens; with it, nothing else is let in. Default: none. */
    readonly tokens?: string;
    /** Silence before a sign of life is asked for: what a connector gets that wishes nothing, and the most it may wish. Default 15s and 30m. */
    readonly keepAlive?: { readonly default?: Duration; readonly max?: Duration };
  };
  readonly deadlines?: TargetDeadlines &
    ConnectionDeadlines & {
      /** How long after the start an unknown target's visitors are held as well: its connector may be on the way. Default 10s. */
      readonly startGrace?: Duration;
    };
  readonly limits?: {
    /** Longest body of a request; beyond it 413. Default `off`. */
    readonly requestBody?: Size;
    /** Longest head of a request, 1KiB to 56KiB; beyond it 431. Default 32KiB. */
    readonly headBytes?: Size;
    /** Sessions of one credential at a time; beyond them `overloaded`. Default 10,000. */
    readonly sessionsPerToken?: Count;
    /** Hellos answered a second, in bursts of as many; beyond them `overloaded`, to be tried again after a second. Default 500. */
    readonly hellosPerSecond?: Count;
  };
  /** What holds for certain targets. Default: nothing beyond the above. */
  readonly targets?: readonly TargetOptions[];
  readonly log?: {
    /** Whether the access log has queries, in which secrets may stand. Default false. */
    readonly query?: boolean;
    /** Whether the access log has visitors' addresses. Default `full`. */
    readonly peer?: 'full' | 'off';
  };
  /** Hears what `auth`, a route, `accessLog` or `onEvent` threw; the gateway goes on. Default: `console.error`. */
  readonly onError?: (error: unknown) => void;
  /** Hears who connects, leaves, is refused. Default: nobody. */
  readonly onEvent?: (event: GatewayEvent) => void;
  /** Called for every visit that is over. Default: nobody, and nothing is formatted. */
  readonly accessLog?: (entry: AccessLogEntry) => void;
}
