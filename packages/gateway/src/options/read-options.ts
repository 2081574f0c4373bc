import { isIPv6 } from 'node:net';
import type { MetricsAdapter } from '../admin/admin-routes.js';
import type { TargetRule } from '../policy/target-policies.js';
import { type DeadlinePolicy, defaultTargetPolicy } from '../policy/target-policy.js';
import { byHost } from '../routing/by-host.js';
import { byPath } from '../routing/by-path.js';
import type { Route } from '../routing/route.js';
import type { AccessLogEntry } from '../tap/access-log.js';
import type { GatewayEvent } from '../targets/status.js';
import { credentialsOf } from './credentials-of.js';
import type { OptionProblem } from './option-problem.js';
import {
  address,
  addressList,
  between,
  callback,
  count,
  duration,
  flag,
  oneOf,
  origin,
  port,
  size,
  text,
} from './parse-value.js';
import { given, isPlainObject, list, type Reader, required, section } from './reader.js';
import type { ListenerLimits, ResolvedGatewayOptions, ResolvedListener } from './resolved-options.js';
import { routeOf } from './route-of.js';

// The vocabulary of the options as a table: what GatewayOptions documents, field by field.

const kib = 1024;
const second = 1000;

const listenAddress = {
  address: given(address, undefined),
  host: given(text, undefined),
  port: given(port, undefined),
};

const exchangeTimes = {
  hold: given(duration, undefined),
  firstByte: given(duration, undefined),
  idle: given(duration, undefined),
  total: given(duration, undefined),
};

/** Without them anybody could keep connections for nothing. */
const connectionTime = between(duration, 1, 86_400 * second, 'a duration from 1ms to 1d');

const listener = section(
  {
    ...listenAddress,
    routes: list(required(routeOf, byPath('/gw')), () => [byHost('*.localhost'), byPath('/gw')]),
    hosts: given(hostNames, undefined),
    transparent: given(flag, false),
    tunnel: given(flag, undefined),
    sharedOrigin: given(oneOf('trusted'), undefined),
    deadlines: section({
      ...exchangeTimes,
      head: given(connectionTime, undefined),
      keepAlive: given(connectionTime, undefined),
    }),
  },
  ['tls'],
);

const admin = section({
  ...listenAddress,
  token: given(text, undefined),
  hosts: given(hostNames, undefined),
  metrics: given(metricsAdapter, undefined),
});

const target = section(
  {
    match: required(text, ''),
    deadlines: section(exchangeTimes),
    limits: section({ concurrent: given(count, undefined), requestsPerSecond: given(count, undefined) }),
    replicas: given(oneOf('share', 'exclusive'), undefined),
    affinity: given(oneOf('none', 'cookie'), undefined),
    retry: given(oneOf('off', 'idempotent'), undefined),
  },
  ['visitors'],
);

const keepAlive = between(duration, second, 86_400 * second, 'a duration from 1s to 1d');

const gateway = section(
  {
    version: given(versionOne, 1),
    publicUrl: given(origin, undefined),
    trustedProxies: given(addressList, undefined),
    listeners: list(oneAddress(listener), () => [oneAddress(listener)({}, [], [])]),
    admin: unlessOff(oneAddress(admin)),
    auth: given(credentialsOf, undefined),
    connectors: section(
      {
        tokens: given(text, undefined),
        keepAlive: section({ default: given(keepAlive, 15 * second), max: given(keepAlive, 1800 * second) }),
      },
      ['jwt'],
    ),
    deadlines: section({
      hold: given(duration, 5 * second),
      startGrace: given(duration, 10 * second),
      firstByte: given(duration, 60 * second),
      idle: given(duration, 0),
      total: given(duration, 0),
      head: given(connectionTime, 10 * second),
      keepAlive: given(connectionTime, 65 * second),
    }),
    limits: section({
      requestBody: given(size, Number.POSITIVE_INFINITY),
      headBytes: given(between(size, kib, 56 * kib, 'a size from 1KiB to 56KiB'), 32 * kib),
      sessionsPerToken: given(count, 10_000),
      hellosPerSecond: given(count, 500),
    }),
    targets: list(target, () => []),
    log: section({ query: given(flag, false), peer: given(oneOf('full', 'off'), 'full' as const) }),
    onError: given(callback<(error: unknown) => void>(), undefined),
    onEvent: given(callback<(event: GatewayEvent) => void>(), undefined),
    accessLog: given(callback<(entry: AccessLogEntry) => void>(), undefined),
  },
  ['jwt', 'tls', 'visitors'],
);

type ListenerValues = ReturnType<typeof listener>;
type TargetValues = ReturnType<typeof target>;

/** Reads the options of a gateway: adds what is wrong to `problems`, and fills in the defaults. */
export function readGatewayOptions(options: unknown, problems: OptionProblem[]): ResolvedGatewayOptions {
  const values = gateway(options, [], problems);
  const { publicUrl, auth, admin, connectors, deadlines, limits, log, onError, onEvent, accessLog } = values;
  // An address that was not understood reads as the default.
  if (problems.length === 0) problems.push(...problemsOfTwins(values.listeners));
  const listenerLimits = { maxHeadBytes: limits.headBytes, maxBodyBytes: limits.requestBody };
  return {
    publicUrl,
    listeners: values.listeners.map((listener) => resolveListener(listener, listenerLimits)),
    listenerLimits,
    admin: admin && { ...listenOn(admin, 8081), token: admin.token, hosts: admin.hosts, metrics: admin.metrics },
    auth,
    tokensPath: connectors.tokens,
    keepAliveMs: connectors.keepAlive.default,
    maxKeepAliveMs: connectors.keepAlive.max,
    startGraceMs: deadlines.startGrace,
    connectionTimes: { headTimeoutMs: deadlines.head, keepAliveMs: deadlines.keepAlive },
    maxSessionsPerToken: limits.sessionsPerToken,
    maxHellosPerSecond: limits.hellosPerSecond,
    policy: { ...defaultTargetPolicy, ...exchangeTimesOf(deadlines) },
    trustedProxies: values.trustedProxies,
    rules: values.targets.map(ruleOf),
    log,
    onError,
    onEvent,
    accessLog,
  };
}

/** Two listeners on one address: the port would be found taken, as if by another program. */
function problemsOfTwins(listeners: readonly ListenerValues[]): OptionProblem[] {
  const addresses = listeners.map((values) => listenOn(values, 8080));
  return addresses.flatMap(({ host, port }, i) => {
    const first = addresses.findIndex((other) => other.host === host && other.port === port);
    if (port === 0 || first === i) return [];
    return [{ path: ['listeners', i], message: `listens where listeners[${first}] does, on port ${port} of ${host}` }];
  });
}

/** Reads the options of one listener, in the same way. */
export function readListenerOptions(
  options: unknown,
  limits: ListenerLimits,
  problems: OptionProblem[],
): ResolvedListener {
  return resolveListener(oneAddress(listener)(options, [], problems), limits);
}

function resolveListener(values: ListenerValues, limits: ListenerLimits): ResolvedListener {
  const { routes, hosts, transparent, tunnel, sharedOrigin, deadlines } = values;
  return {
    ...listenOn(values, 8080),
    routes,
    hosts,
    transparent,
    tunnel: tunnel ?? !isOneTarget(routes),
    sharedOrigin: sharedOrigin ?? 'one-owner',
    deadlines: {
      ...exchangeTimesOf(deadlines),
      headTimeoutMs: deadlines.head,
      keepAliveMs: deadlines.keepAlive,
    },
    ...limits,
  };
}

function listenOn(
  { address, host, port }: Pick<ListenerValues, 'address' | 'host' | 'port'>,
  defaultPort: number,
): { readonly host: string; readonly port: number } {
  return address ?? { host: host ?? '127.0.0.1', port: port ?? defaultPort };
}

function ruleOf({ match, deadlines, limits, replicas, affinity, retry }: TargetValues): TargetRule {
  const { concurrent, requestsPerSecond } = limits;
  return {
    match,
    policy: {
      ...exchangeTimesOf(deadlines),
      maxConcurrent: concurrent,
      maxRequestsPerSecond: requestsPerSecond,
      replicas,
      affinity,
      retry,
    },
  };
}

function exchangeTimesOf<T>({ hold, firstByte, idle, total }: Record<'hold' | 'firstByte' | 'idle' | 'total', T>): {
  readonly [K in keyof DeadlinePolicy]: T;
} {
  return { holdMs: hold, firstByteMs: firstByte, idleMs: idle, totalMs: total };
}

function isOneTarget(routes: readonly Route[]): boolean {
  return routes.length === 1 && routes[0]!.fixed !== undefined;
}

/** `address`, or `host` and `port`, but not both. */
function oneAddress<T extends { address: unknown; host: unknown; port: unknown }>(read: Reader<T>): Reader<T> {
  return (value, path, problems) => {
    const values = read(value, path, problems);
    const { address: both, host, port: number } = values;
    if (both !== undefined && (host !== undefined || number !== undefined)) {
      problems.push({ path: [...path, 'address'], message: 'stands beside host or port: give one or the other' });
    }
    return values;
  };
}

function unlessOff<T>(read: Reader<T>): Reader<T | undefined> {
  return (value, path, problems) =>
    value === undefined || value === null || value === 'off' ? undefined : read(value, path, problems);
}

function versionOne(value: unknown): 1 {
  if (value === 1) return 1;
  throw new TypeError(`${JSON.stringify(value)} is not a version that is known here: 1 is`);
}

function hostNames(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every(isHostName)) return value;
  throw new TypeError('is not a list of host names without port, such as [gw.example.com]');
}

function metricsAdapter(value: unknown): MetricsAdapter {
  if (isPlainObject(value) && typeof value.render === 'function') return value as unknown as MetricsAdapter;
  throw new TypeError('is not an object with contentType and render()');
}

function isHostName(host: unknown): boolean {
  return typeof host === 'string' && (/^[A-Za-z0-9._-]+$/.test(host) || isIPv6(host.replace(/^\[(.*)\]$/, '$1')));
}
