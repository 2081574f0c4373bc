import { defaultHeadLimits } from '@reverse-http/protocol/http1';
import { createHttp1Front } from './front/http1/front.js';
import type { Http1FrontOptions } from './front/http1/front-options.js';
import type { GatewayParts, Service } from './gateway-parts.js';
import type { ResolvedListener } from './options/resolved-options.js';
import { createListenerDeadlines } from './policy/listener-deadlines.js';
import { createServedHosts } from './routing/served-hosts.js';
import { observeVisit } from './tap/observe-visit.js';
import type { Front, Visit } from './visit/visit.js';
import { createVisitServer, type VisitServerOptions } from './visit-server.js';

/** The front of one visitors' listener. */
export interface ListenerFront extends Front {
  /** Visits that come from now on are served so. */
  serveBy(listener: ResolvedListener, service: Service): void;
}

/** Makes the front of one visitors' listener, whose visits go where its routes lead. */
export function createListenerFront(
  listener: ResolvedListener,
  service: Service,
  parts: GatewayParts,
  state: Pick<VisitServerOptions, 'isDraining' | 'graceMs'>,
): ListenerFront {
  const { host, port } = listener;
  let { taps } = service;
  let serve = createServe(listener, service, parts, state);
  const front = createHttp1Front(
    { host, port, ...boundsOf(listener, service) },
    {
      onVisit: (visit) => serve(visit),
      onRefused: (visit) => observeVisit(taps, visit, undefined),
      nextId: parts.nextId,
      machine: parts.machine,
    },
  );
  return {
    ...front,
    serveBy(changed, by) {
      taps = by.taps;
      serve = createServe(changed, by, parts, state);
      front.adjust(boundsOf(changed, by));
    },
  };
}

function createServe(
  { routes, hosts, tunnel, transparent, maxBodyBytes, deadlines }: ResolvedListener,
  { options, forwarder, transparentForwarder, taps, visitorOf }: Service,
  parts: GatewayParts,
  state: Pick<VisitServerOptions, 'isDraining' | 'graceMs'>,
): (visit: Visit) => void {
  const serve = createVisitServer({
    routes,
    hosts: createServedHosts(hosts, options.publicUrl, routes),
    tunnel: tunnel ? parts.tunnel : undefined,
    registry: parts.registry,
    forwarder: transparent ? transparentForwarder : forwarder,
    transparent,
    deadlinesOf: createListenerDeadlines(deadlines, options.policy, options.rules),
    maxBodyBytes,
    taps,
    onError: parts.onError,
    clock: parts.machine.clock,
    ...state,
  });
  if (!visitorOf) return serve;
  return (visit) => {
    visit.peer = visitorOf(visit.peer, visit.head);
    serve(visit);
  };
}

/** What holds for connections and heads. */
function boundsOf(
  { maxHeadBytes, deadlines }: ResolvedListener,
  { options: { connectionTimes } }: Service,
): Pick<Http1FrontOptions, 'headLimits' | 'headTimeoutMs' | 'keepAliveMs'> {
  return {
    headLimits: { ...defaultHeadLimits, maxHeadBytes },
    headTimeoutMs: deadlines.headTimeoutMs ?? connectionTimes.headTimeoutMs,
    keepAliveMs: deadlines.keepAliveMs ?? connectionTimes.keepAliveMs,
  };
}
