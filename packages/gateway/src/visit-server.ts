import { equalsIgnoringCase, type Head, latin1Bytes, methodOf, pathOf } from '@reverse-http/protocol/http1';
import type { Forwarder } from './forward/forward.js';
import type { Route, RouteMatch } from './routing/route.js';
import type { ServedHosts } from './routing/served-hosts.js';
import { observeVisit } from './tap/observe-visit.js';
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
  readonly taps: readonly Tap[];
  /** Whether the gateway is about to end: nothing new is begun. */
  readonly isDraining: () => boolean;
  /** How much longer an unknown target may be one whose connector has not come back yet, ms; 0 when it may not. */
  readonly graceMs: () => number;
  /** Hears what a route threw. */
  readonly onError: (error: unknown) => void;
}

const lowerConnect = latin1Bytes('connect');
const lowerTrace = latin1Bytes('trace');
const allow = 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n';

/** Decides, for each visit of a listener, who serves it: tunnel, a target's connector, or the gateway itself. */
export function createVisitServer(options: VisitServerOptions): (visit: Visit) => void {
  const { routes, hosts, tunnel, registry, forwarder, taps, isDraining, graceMs, onError } = options;

  function serve(visit: Visit): void {
    const { head } = visit;
    if (!hosts.serves(head)) return serveTapped(visit, undefined, failWrongHost);
    if (isForTunnel(head) && tunnel) return tunnel.serve(visit);
    const match = isRefusedMethod(head) || isAsterisk(head) ? undefined : matchOf(routes, head, onError);
    if (!match) return serveTapped(visit, undefined, failUnrouted);
    serveTapped(visit, match, serveMatch);
  }

  function serveMatch(visit: Visit, match: RouteMatch): void {
    if (match.bare && match.prefix !== '' && !visit.asksUpgrade && isGetOrHead(visit.head))
      return redirect(visit, match);
    if (isDraining()) return visit.fail('draining', { detail: 'This gateway is shutting down.' });
    const target = registry.find(match.target) ?? presume(match.target);
    if (target) forwarder.forward(visit, match, target);
    else visit.fail('unknown-target', { detail: `There is no target "${match.target}".` });
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
  ): void {
    observeVisit(taps, visit, match?.target);
    next(visit, match);
  }

  return serve;
}

function matchOf(routes: readonly Route[], head: Head, onError: (error: unknown) => void): RouteMatch | undefined {
  for (const route of routes) {
    try {
      const match = route.match(head);
      if (match) return match;
    } catch (error) {
      onError(error); // A user's own: it has no say in this request.
    }
  }
  return undefined;
}

function failWrongHost(visit: Visit): void {
  visit.fail('wrong-host', {
    detail:
      'This gateway does not serve the host of the request; the settings "publicUrl" and "hosts" name those that it serves.',
  });
}

function failUnrouted(visit: Visit): void {
  const { head } = visit;
  if (isRefusedMethod(head)) return visit.fail('method-not-allowed', { fields: allow });
  if (isAsterisk(head)) return visit.answer(204, allow, '');
  visit.fail('no-route', { detail: 'No route of this gateway leads to a target for this request.' });
}

/** CONNECT would make the gateway an open relay, TRACE would echo credentials (RFC 9110, sections 9.3.6 and 9.3.8). */
function isRefusedMethod({ bytes, methodStart, methodEnd }: Head): boolean {
  const length = methodEnd - methodStart;
  if (length === 7) return equalsIgnoringCase(bytes, methodStart, lowerConnect);
  return length === 5 && equalsIgnoringCase(bytes, methodStart, lowerTrace);
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
function redirect(visit: Visit, { prefix }: RouteMatch): void {
  const location = `${prefix}/${pathOf(visit.head).slice(prefix.length)}`;
  visit.answer(
    308,
    `Location: ${location}\r\nContent-Type: text/plain; charset=utf-8\r\n`,
    `The target is at ${location}\n`,
  );
}
