import type { Head } from '@reverse-http/protocol/http1';

/** What a route found in a request. */
export interface RouteMatch {
  /** The target id, as the visitor wrote it. */
  readonly target: string;
  /** Path prefix that the server does not see, as `/gw/A`; empty when the path is left alone. */
  readonly prefix: string;
  /** Whether the path ends with the prefix, so that relative links would miss the server. */
  readonly bare: boolean;
}

/** How a request is given its target. */
export interface Route {
  /** As the configuration has it, for messages: `path /gw`. */
  readonly description: string;
  /** Finds the target that the request is for; undefined leaves it to the next route. */
  match(head: Head): RouteMatch | undefined;
  /** Public URL of a target behind `origin` (as `http://localhost:8080`); undefined when this route cannot reach it. */
  urlOf(target: string, origin: string): string | undefined;
  /** Whether several targets are reached on one origin by it: they can attack each other in a visitor's browser. */
  readonly sharesOrigin: boolean;
  /** Whether requests with this host name (lower case, no port) may be this route's, whatever else is served. */
  servesHost(hostname: string): boolean;
}
