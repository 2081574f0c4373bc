import { defaultHeadLimits } from '@reverse-http/protocol/http1';
import { createHttp1Front } from './front/http1/front.js';
import type { GatewayParts } from './gateway-parts.js';
import type { ResolvedListener } from './options/resolved-options.js';
import { createServedHosts } from './routing/served-hosts.js';
import { observeVisit } from './tap/observe-visit.js';
import type { Front, Visit } from './visit/visit.js';
import { createVisitServer, type VisitServerOptions } from './visit-server.js';

/** Makes the front of one visitors' listener, whose visits go where its routes lead. */
export function createListenerFront(
  listener: ResolvedListener,
  publicUrl: string | undefined,
  parts: GatewayParts,
  state: Pick<VisitServerOptions, 'isDraining' | 'graceMs'>,
): Front {
  const { host, port, routes, transparent, maxBodyBytes, maxHeadBytes } = listener;
  const { tunnel, registry, forwarder, transparentForwarder, taps, onError, nextId, visitorOf } = parts;
  const serve = createVisitServer({
    routes,
    hosts: createServedHosts(listener.hosts, publicUrl, routes),
    tunnel: listener.tunnel ? tunnel : undefined,
    registry,
    forwarder: transparent ? transparentForwarder : forwarder,
    transparent,
    maxBodyBytes,
    taps,
    onError,
    ...state,
  });
  const onVisit = (visit: Visit): void => {
    if (visitorOf) visit.peer = visitorOf(visit.peer, visit.head);
    serve(visit);
  };
  const onRefused = (visit: Visit): void => observeVisit(taps, visit, undefined);
  const headLimits = { ...defaultHeadLimits, maxHeadBytes };
  return createHttp1Front({ host, port, headLimits }, { onVisit, onRefused, nextId });
}
