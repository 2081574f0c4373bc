import { randomBytes } from 'node:crypto';
import { Slab } from '@reverse-http/protocol/pipe';
import type { ListenerAddresses } from './addresses.js';
import { createForwarder, type Forwarder } from './forward/forward.js';
import { createRequestHeads } from './forward/request-head.js';
import { createTransparentHeads } from './forward/transparent-heads.js';
import { createGatewayCredentials, type GatewayCredentials } from './gateway-credentials.js';
import { createGatewayTaps, type GatewayTaps } from './gateway-taps.js';
import { nodeClock } from './node-clock.js';
import type { ResolvedGatewayOptions } from './options/resolved-options.js';
import { createTargetPolicies } from './policy/target-policies.js';
import { createVisitorOf, type VisitorOf } from './policy/trusted-proxies.js';
import { createEventFeed, type EventFeed } from './targets/event-feed.js';
import { createHold, type Hold } from './targets/hold.js';
import { createKnownTargets } from './targets/known-targets.js';
import { createRegistry, type Registry } from './targets/registry.js';
import { TimerWheel } from './timing/timer-wheel.js';
import { createReception, type Reception } from './tunnel/reception.js';
import { createTunnel, type Tunnel } from './tunnel/tunnel.js';
import { createTurn } from './turn.js';

/** What a gateway is made of, beside its listeners. */
export interface GatewayParts extends GatewayTaps {
  readonly credentials: GatewayCredentials;
  readonly registry: Registry;
  readonly hold: Hold;
  readonly forwarder: Forwarder;
  /** For transparent listeners. */
  readonly transparentForwarder: Forwarder;
  readonly reception: Reception;
  readonly tunnel: Tunnel;
  readonly events: EventFeed;
  readonly onError: (error: unknown) => void;
  /** Undefined where no proxies are trusted. */
  readonly visitorOf: VisitorOf | undefined;
  /** A new request id. */
  readonly nextId: () => string;
}

/** Deadlines of exchanges are late by less than two of these, ms. */
const deadlineTickMs = 100;

/** Makes the parts and joins them. */
export function createGatewayParts(options: ResolvedGatewayOptions, addresses: ListenerAddresses): GatewayParts {
  const { publicUrl, onEvent } = options;
  const onError = options.onError ?? ((error: unknown) => console.error(error));
  const nodeId = randomBytes(6).toString('hex');
  const slab = new Slab(256 * 1024, (size) => Buffer.allocUnsafeSlow(size));
  const credentials = createGatewayCredentials(options, onError);
  const registry = createRegistry({
    now: Date.now,
    policyOf: createTargetPolicies(options.policy, options.rules),
    nameOf: createKnownTargets(() => credentials.named(), Date.now),
  });
  const hold = createHold();
  registry.onAvailable = hold.release;
  const defaultHost = new URL(publicUrl ?? 'http://localhost').host;
  const forwarding = { registry, hold, now: Date.now, wheel: new TimerWheel(deadlineTickMs) };
  const events = createEventFeed(onError, Date.now);
  if (onEvent) events.subscribe(onEvent);
  const { keepAliveMs, maxKeepAliveMs, maxSessionsPerToken, maxHellosPerSecond } = options;
  const reception = createReception({
    registry,
    authenticate: (hello) => credentials.authenticate(hello),
    addresses,
    events,
    onError,
    clock: nodeClock,
    defer: createTurn(),
    slab,
    nodeId,
    keepAliveMs,
    maxKeepAliveMs,
    maxSessionsPerToken,
    maxHellosPerSecond,
  });
  credentials.onRevoked = (id) => reception.revoke(id);
  return {
    ...createGatewayTaps(options, onError),
    credentials,
    registry,
    hold,
    forwarder: createForwarder({
      ...forwarding,
      requestHeads: createRequestHeads(`rhttp-${nodeId}`, defaultHost),
    }),
    transparentForwarder: createForwarder({
      ...forwarding,
      requestHeads: createTransparentHeads(defaultHost),
      transparent: true,
    }),
    reception,
    tunnel: createTunnel(reception),
    events,
    onError,
    visitorOf: options.trustedProxies && createVisitorOf(options.trustedProxies),
    nextId: createIds(nodeId),
  };
}

/** Ids that are unique among all gateways and say nothing about visitors. */
function createIds(nodeId: string): () => string {
  let count = 0;
  return () => `${nodeId}-${++count}`;
}
