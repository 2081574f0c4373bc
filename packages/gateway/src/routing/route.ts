import type { Head } from '@reverse-http/protocol/http1';
import type { RouteRequest } from './route-request.js';

/** What a route found in a request. */
export interface RouteMatch {
  /** The target id, as the visitor wrote it. */
  readonly target: string;
  /** Path prefix that the server does not see, as `/gw/A`; empty when the path is left alone. */
  readonly prefix: string;
  /** Whether the path ends with the prefix, so that relative links would miss the server. */
  readonly bare: boolean;
  /** Set where other targets are reached at the same origin, as in {@link Route.sharesOrigin}. */
  readonly sharesOrigin?: true;
  /** Name, in lower case, of a field that the server does not see. */
  readonly hides?: Uint8Array;
  /** Fields that the choice may have depended on, for the answer's `Vary`; set by the router. */
  readonly vary?: string;
}

/** How a request is given its target. */
export interface Route {
  /** As the configuration has it, for messages: `path /gw`. */
  readonly description: string;
  /** Whether targets share an origin here, so that their pages can attack each other in a visitor's browser. */
  readonly sharesOrigin: boolean;
  /** The one target that every request is for. */
  readonly fixed?: string;
  /** Request field that the choice depends on, as `Cookie`: shared caches have to know. */
  readonly variesBy?: string;
  /** Path of an endpoint that lets a visitor choose, with the name of the cookie that it sets. */
  readonly select?: { readonly path: string; readonly cookie: string };
  /** Finds the target that the request is for; undefined leaves it to the next route. */
  match(head: Head): RouteMatch | undefined;
  /** The same for routes that ask code of a user's, which may take its time; asked when {@link match} found nothing. */
  decide?(request: RouteRequest): RouteMatch | undefined | Promise<RouteMatch | undefined>;
  /** Public URL of a target behind `origin` (as `http://localhost:8080`); undefined when this route cannot reach it. */
  urlOf(target: string, origin: string): string | undefined;
  /** Whether requests with this host name (lower case, no port) may be this route's, whatever else is served. */
  servesHost(hostname: string): boolean;
}
