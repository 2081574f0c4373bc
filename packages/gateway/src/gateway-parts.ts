import { randomBytes } from 'node:crypto';
import { Slab } from '@reverse-http/protocol/pipe';
import type { ListenerAddresses } from './addresses.js';
import { createForwarder, type Forwarder } from './forward/forward.js';
import { createRequestHeads } from './forward/request-head.js';
import { createTransparentHeads } from './forward/transparent-heads.js';
import { createGatewayCredentials, type GatewayCredentials } from './gateway-credentials.js';
import { createGatewayTaps } from './gateway-taps.js';
import type { Machine } from './machine/machine.js';
import type { ResolvedGatewayOptions } from './options/resolved-options.js';
import { createTargetPolicies } from './policy/target-policies.js';
import { createVisitorOf, type VisitorOf } from './policy/trusted-proxies.js';
import type { Tap } from './tap/tap.js';
import { createVisitCounters, type VisitCounters } from './tap/visit-counters.js';
import { createEventFeed, type EventFeed } from './targets/event-feed.js';
import { createHold, type Hold } from './targets/hold.js';
import { createKnownTargets } from './targets/known-targets.js';
import { createRegistry, type Registry, type RegistryRules } from './targets/registry.js';
import { TimerWheel } from './timing/timer-wheel.js';
import { createReception, type Reception } from './tunnel/reception.js';
import { createTunnel, type Tunnel } from './tunnel/tunnel.js';
import { createTurn } from './turn.js';

/** What a gateway is made of, beside its listeners: there from its making to its end. */
export interface GatewayParts {
  readonly machine: Machine;
  readonly credentials: GatewayCredentials;
  readonly registry: Registry;
  readonly hold: Hold;
  readonly reception: Reception;
  readonly tunnel: Tunnel;
  readonly events: EventFeed;
  /** Undefined where nobody asks for metrics: then nothing is counted. */
  readonly counters: VisitCounters | undefined;
  readonly onError: (error: unknown) => void;
  /** A new request id. */
  readonly nextId: () => string;
  /** What visits are served with under these options, which hold for targets and new sessions from now on. */
  adopt(options: ResolvedGatewayOptions): Service;
}

/** What visits are served with as long as the options stay as they are. */
export interface Service {
  readonly options: ResolvedGatewayOptions;
  readonly forwarder: Forwarder;
  /** For transparent listeners. */
  readonly transparentForwarder: Forwarder;
  readonly taps: readonly Tap[];
  /** Undefined where no proxies are trusted. */
  readonly visitorOf: VisitorOf | undefined;
}

/** Deadlines of exchanges are late by less than two of these, ms. */
const deadlineTickMs = 100;

/** Makes the parts and joins them. */
export function createGatewayParts(
  first: ResolvedGatewayOptions,
  addresses: ListenerAddresses,
  machine: Machine,
): GatewayParts {
  const { clock, ticker } = machine;
  const now = (): number => machine.epochMs();
  let options = first;
  const onError = first.onError ?? ((error: unknown) => console.error(error));
  const nodeId = randomBytes(6).toString('hex');
  const slab = new Slab(256 * 1024, (size) => Buffer.allocUnsafeSlow(size));
  const credentials = createGatewayCredentials(first, onError);
  const registry = createRegistry({ now: clock.now, epochMs: now, ...rulesOf(first, credentials, clock.now) });
  const hold = createHold({ clock });
  registry.onAvailable = hold.release;
  const forwarding = { registry, hold, now, wheel: new TimerWheel(deadlineTickMs, ticker) };
  const events = createEventFeed(onError, now);
  if (first.onEvent) events.subscribe(first.onEvent);
  const reception = createReception({
    registry,
    authenticate: (hello) => credentials.authenticate(hello),
    addresses,
    events,
    onError,
    clock,
    epochMs: now,
    defer: createTurn(),
    slab,
    nodeId,
    // Looked up at each hello, because they may change.
    get keepAliveMs() {
      return options.keepAliveMs;
    },
    get maxKeepAliveMs() {
      return options.maxKeepAliveMs;
    },
    get maxSessionsPerToken() {
      return options.maxSessionsPerToken;
    },
    get maxHellosPerSecond() {
      return options.maxHellosPerSecond;
    },
  });
  credentials.onRevoked = (id) => reception.revoke(id);
  const counters = first.admin?.metrics && createVisitCounters();
  return {
    machine,
    credentials,
    registry,
    hold,
    reception,
    tunnel: createTunnel(reception, clock),
    events,
    counters,
    onError,
    nextId: createIds(nodeId),
    adopt(changed) {
      options = changed;
      registry.govern(rulesOf(changed, credentials, now));
      const defaultHost = new URL(changed.publicUrl ?? 'http://localhost').host;
      return {
        options,
        taps: createGatewayTaps(changed, counters, onError),
        visitorOf: changed.trustedProxies && createVisitorOf(changed.trustedProxies),
        forwarder: createForwarder({
          ...forwarding,
          requestHeads: createRequestHeads(`rhttp-${nodeId}`, defaultHost),
        }),
        transparentForwarder: createForwarder({
          ...forwarding,
          requestHeads: createTransparentHeads(defaultHost),
          transparent: true,
        }),
      };
    },
  };
}

function rulesOf(
  { policy, rules }: ResolvedGatewayOptions,
  credentials: GatewayCredentials,
  now: () => number,
): RegistryRules {
  const names = (): string[] => [...credentials.named(), ...rules.map(({ match }) => match)];
  return { policyOf: createTargetPolicies(policy, rules), nameOf: createKnownTargets(names, now) };
}

/** Ids that are unique among all gateways and say nothing about visitors. */
function createIds(nodeId: string): () => string {
  let count = 0;
  return () => `${nodeId}-${++count}`;
}
