import {
  asksTunnel,
  equalsIgnoringCase,
  type Head,
  isConnect,
  latin1Bytes,
  methodOf,
  pathOf,
} from '@reverse-http/protocol/http1';
import type { Clock } from '@reverse-http/protocol/session';
import type { Forwarder } from './forward/forward.js';
import { endsHere } from './forward/max-forwards.js';
import { nodeClock } from './machine/node-clock.js';
import type { DeadlinePolicy } from './policy/target-policy.js';
import { isReservedPath } from './routing/reserved-path.js';
import type { Route, RouteMatch } from './routing/route.js';
import { createRouter } from './routing/router.js';
import { createSelectEndpoint } from './routing/select-endpoint.js';
import type { ServedHosts } from './routing/served-hosts.js';
import { observeEnd, observeVisit } from './tap/observe-visit.js';
import type { Tap } from './tap/tap.js';
import type { Registry, Target } from './targets/registry.js';
import { isForTunnel, type Tunnel } from './tunnel/tunnel.js';
import type { Visit } from './visit/visit.js';

/** What serving the visits of one listener needs. */
export interface VisitServerOptions {
  readonly routes: readonly Route[];
  readonly hosts: ServedHosts;
  /** Undefined where connectors may not dial in. */
  readonly tunnel: Tunnel | undefined;
  readonly registry: Registry;
  readonly forwarder: Forwarder;
  /** The deadlines of this listener's exchanges with a target. Default: the target's own. */
  readonly deadlinesOf?: ((target: Target) => DeadlinePolicy) | undefined;
  readonly taps: readonly Tap[];
  /** Whether the gateway is about to end: nothing new is begun. */
  readonly isDraining: () => boolean;
  /** How much longer an unknown target may be one whose connector has not come back yet, ms; 0 when it may not. */
  readonly graceMs: () => number;
  /** Hears what a route threw. */
  readonly onError: (error: unknown) => void;
  /** Whether visitors are served as if they were connected to the server itself. Default false. */
  readonly transparent?: boolean;
  /** Longest request body, bytes; beyond it 413. Default no bound. */
  readonly maxBodyBytes?: number;
  /** What the time of the user's own routes is taken by. Default the machine's. */
  readonly clock?: Clock;
}

const lowerTrace = latin1Bytes('trace');
const allow = 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n';

/** Decides, for each visit of a listener, who serves it: tunnel, a target's connector, or the gateway itself. */
export function createVisitServer(options: VisitServerOptions): (visit: Visit) => void {
  const { routes, hosts, tunnel, registry, forwarder, taps, isDraining, graceMs, onError } = options;
  const { deadlinesOf, transparent = false, maxBodyBytes = Number.POSITIVE_INFINITY, clock = nodeClock } = options;
  const router = createRouter(routes, clock, onError);
  const selectEndpoint = createSelectEndpoint(routes);
  const isOneTarget = routes.length === 1 && routes[0]!.fixed !== undefined;
  // A target that has the listener to itself has all of it, unless connectors dial in there.
  const reserves = tunnel !== undefined || !isOneTarget;
  const passesAll = transparent && isOneTarget;

  function serve(visit: Visit): void {
    const { head } = visit;
    if (!hosts.serves(head) && !isPassedTunnel(head)) return serveTapped(visit, undefined, failWrongHost);
    if (reserves && isReservedPath(head)) return serveReserved(visit);
    // Led anywhere, a CONNECT would make the gateway an open relay (RFC 9110, section 9.3.6).
    if (
      (isConnect(head) && !isPassedTunnel(head)) ||
      (!passesAll && (isTrace(head) || isAsterisk(head))) ||
      (!transparent && endsHere(head))
    )
      return serveTapped(visit, undefined, failUnrouted);
    const match = router.find(visit);
    if (match instanceof Promise) serveLater(visit, match);
    else serveRouted(visit, match);
  }

  /** Its target says where the server is to lead it, not who is asked: it need be no name of the gateway's. */
  function isPassedTunnel(head: Head): boolean {
    return passesAll && asksTunnel(head);
  }

  function serveReserved(visit: Visit): void {
    if (selectEndpoint.isFor(visit.head)) serveTapped(visit, undefined, selectEndpoint.serve);
    else if (tunnel && isForTunnel(visit.head)) tunnel.serve(visit);
    else serveTapped(visit, undefined, failUnrouted);
  }

  /** Other visits go on meanwhile; this one may be over before its target is known. */
  function serveLater(visit: Visit, pending: Promise<RouteMatch | undefined>): void {
    const since = observeEnd(taps, visit);
    pending.then((match) => {
      if (!visit.settled) serveRouted(visit, match, since);
    }, onError);
  }

  function serveRouted(visit: Visit, match: RouteMatch | undefined, since?: number): void {
    if (match) serveTapped(visit, match, serveMatch, since);
    else serveTapped(visit, undefined, failUnrouted, since);
  }

  function serveMatch(visit: Visit, match: RouteMatch): void {
    if (match.bare && match.prefix !== '' && !visit.asksUpgrade && isGetOrHead(visit.head))
      return redirect(visit, match);
    if (isDraining()) return visit.fail('draining', { detail: 'This gateway is shutting down.' });
    const target = registry.find(match.target) ?? presume(match.target);
    if (!target) return visit.fail('unknown-target', { detail: `There is no target "${match.target}".` });
    if (visit.body && maxBodyBytes < Number.POSITIVE_INFINITY && !visit.limitBody(maxBodyBytes))
      return visit.fail('body-too-large', { detail: `The request body is longer than ${maxBodyBytes} bytes.` });
    forwarder.forward(visit, match, target, deadlinesOf?.(target));
  }

  /** Right after the start nobody knows which connectors are on their way back. */
  function presume(id: string): Target | undefined {
    const grace = graceMs();
    return grace > 0 ? registry.presume(id, grace) : undefined;
  }

  function serveTapped<M extends RouteMatch | undefined>(
    visit: Visit,
    match: M,
    next: (visit: Visit, match: M) => void,
    since?: number,
  ): void {
    observeVisit(taps, visit, match?.target, since);
    next(visit, match);
  }

  return serve;
}

function failWrongHost(visit: Visit): void {
  visit.fail('wrong-host', {
    detail:
      'This gateway does not serve the host of the request; the settings "publicUrl" and "hosts" name those that it serves ("--public-url" on the command line).',
  });
}

function failUnrouted(visit: Visit): void {
  const { head } = visit;
  if (isConnect(head) || isTrace(head)) return visit.fail('method-not-allowed', { fields: allow });
  if (isAsterisk(head) || endsHere(head)) return visit.answer(204, allow, '');
  visit.fail('no-route', { detail: 'No route of this gateway leads to a target for this request.' });
}

/** TRACE would echo credentials (RFC 9110, section 9.3.8). */
function isTrace({ bytes, methodStart, methodEnd }: Head): boolean {
  return methodEnd - methodStart === 5 && equalsIgnoringCase(bytes, methodStart, lowerTrace);
}

/** `OPTIONS *` is about the gateway itself (RFC 9112, section 3.2.4); no other method comes this far. */
function isAsterisk({ bytes, pathStart, pathEnd }: Head): boolean {
  return pathEnd > pathStart && bytes[pathStart] === 0x2a;
}

function isGetOrHead(head: Head): boolean {
  const method = methodOf(head);
  return method === 'GET' || method === 'HEAD';
}

/** `/gw/A` becomes `/gw/A/`, or the page's relative links would miss the server. */
function redirect(visit: Visit, { prefix, vary }: RouteMatch): void {
  const location = `${prefix}/${pathOf(visit.head).slice(prefix.length)}`;
  visit.answer(
    308,
    `Location: ${location}\r\nContent-Type: text/plain; charset=utf-8\r\n${vary === undefined ? '' : `Vary: ${vary}\r\n`}`,
    `The target is at ${location}\n`,
  );
}
