import type { Authenticate } from './credentials/grant.js';
import type { RouteFunction } from './routing/by-function.js';
import type { Route } from './routing/route.js';
import type { AccessLogEntry } from './tap/access-log.js';

/** One visitors' listener. */
export interface ListenerOptions {
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** Port; 0 takes a free one. Default 8080. */
  readonly port?: number;
  /** How a request is given its target; the first that yields one wins. Default `[byHost('*.localhost'), byPath('/gw')]`. */
  readonly routes?: readonly (Route | RouteFunction)[];
  /** Host names served, without port; others get 421. Default: `publicUrl`'s, host routes', `*.localhost`, loopback. */
  readonly hosts?: readonly string[];
  /** Whether visitors are served as if they were connected to the server itself: nothing is added or taken away. Default false. */
  readonly transparent?: boolean;
  /** Whether connectors may dial in here. Default true, but for a listener that is all one target. */
  readonly tunnel?: boolean;
}

/** Settings of a gateway. */
export interface GatewayOptions {
  /** Default: one listener with the defaults of {@link ListenerOptions}. */
  readonly listeners?: readonly ListenerOptions[];
  /** How visitors and connectors reach the gateway, as `https://gw.example.com`. Default: the first listener's address. */
  readonly publicUrl?: string;
  /** Who may connect. Default: one token made at random, see {@link Gateway.token}. `none` lets everybody in. */
  readonly auth?: 'none' | { readonly tokens: readonly string[] } | Authenticate;
  readonly deadlines?: {
    /** How long a request waits for a known target that is away, ms. Default 5,000; 0: not at all. */
    readonly holdMs?: number;
    /** How long after the start an unknown target's visitors are held as well, ms: its connector may be on the way. Default 10,000. */
    readonly startGraceMs?: number;
    /** How long the answer's head may take once the connector has the request, ms; then 504. Default 60,000; 0: for ever. */
    readonly firstByte?: number;
    /** How long neither side may move a byte, ms; then 504, or the answer is broken off. Default 0: for ever. */
    readonly idle?: number;
    /** How long an exchange may take in all, ms. Default 0: for ever. */
    readonly total?: number;
  };
  readonly limits?: {
    /** Longest body of a request, bytes; beyond it 413. Default no bound. */
    readonly requestBody?: number;
    /** Longest head of a request, bytes; beyond it 431. Default 32 KiB. */
    readonly headBytes?: number;
  };
  /** What holds for all targets, `match` being `*`. */
  readonly targets?: readonly { readonly match: '*'; readonly retry?: 'off' | 'idempotent' }[];
  /** Hears what `auth`, a route or `accessLog` threw; the gateway goes on. Default: `console.error`. */
  readonly onError?: (error: unknown) => void;
  /** Called for every visit that is over. Default: nobody, and nothing is formatted. */
  readonly accessLog?: (entry: AccessLogEntry) => void;
}
