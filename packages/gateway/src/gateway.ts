import { randomBytes } from 'node:crypto';
import { ReverseHttpError } from '@reverse-http/protocol/errors';
import { Slab } from '@reverse-http/protocol/pipe';
import { type Authenticate, authenticateByTokens } from './credentials/grant.js';
import { createToken } from './credentials/token.js';
import { createForwarder } from './forward/forward.js';
import { createRequestHeads } from './forward/request-head.js';
import { createHttp1Front } from './front/http1/front.js';
import type { GatewayOptions, ListenerOptions } from './gateway-options.js';
import { nodeClock } from './node-clock.js';
import { byFunction } from './routing/by-function.js';
import { byHost } from './routing/by-host.js';
import { byPath } from './routing/by-path.js';
import type { Route } from './routing/route.js';
import { createServedHosts } from './routing/served-hosts.js';
import { isTargetId } from './routing/target-id.js';
import { createAccessLog } from './tap/access-log.js';
import { observeVisit } from './tap/observe-visit.js';
import { createHold } from './targets/hold.js';
import { createRegistry, type Target } from './targets/registry.js';
import { createReception } from './tunnel/reception.js';
import { createTunnel } from './tunnel/tunnel.js';
import { createTurn } from './turn.js';
import type { Front, Visit } from './visit/visit.js';
import { createVisitServer } from './visit-server.js';

/** One visitors' listener that runs. */
export interface Listener {
  /** Where it is reached, as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Stops accepting, ends idle connections at once and gives running exchanges 30 s. */
  close(): Promise<void>;
  /** Ends everything on it now. */
  abort(): Promise<void>;
}

/** The public side: accepts visitors and connectors, and brings them together. */
export interface Gateway {
  /** Listens. Rejects with Node's own error (as `EADDRINUSE`) when it cannot; nothing is left listening then. */
  start(): Promise<void>;
  /** One more visitors' listener, at any time. */
  listen(options: ListenerOptions): Promise<Listener>;
  /** How it is reached: `publicUrl`, else the first listener; undefined before {@link start}. */
  readonly url: string | undefined;
  /** The token that was made at random; undefined where `auth` was given. */
  readonly token: string | undefined;
  /** Who is connected, by target id in lower case; live. */
  readonly targets: ReadonlyMap<string, Target>;
  /** Drains, then closes: running exchanges get 30 s. Idempotent. */
  close(): Promise<void>;
  /** Ends everything now. Idempotent. */
  abort(): Promise<void>;
  /** Lets the process end although the gateway listens. */
  unref(): void;
}

/** Connectors that lost their gateway are back within this, ms. */
const startGraceMs = 10_000;
/** Answers that are whole get this long to leave, ms. */
const lastWordMs = 1000;
/** Running exchanges get this long when something is closed, ms. */
const graceMs = 30_000;

/**
 * Makes a gateway.
 *
 * @example
 * const gateway = createGateway({ listeners: [{ port: 8080, routes: [byPath('/gw')] }] });
 * await gateway.start();
 * console.log(gateway.url, gateway.token);
 */
export function createGateway(options: GatewayOptions = {}): Gateway {
  const nodeId = randomBytes(6).toString('hex');
  const token = options.auth === undefined ? createToken() : undefined;
  const publicUrl = originOf(options.publicUrl);
  const registry = createRegistry(Date.now);
  const hold = createHold(options.deadlines);
  registry.onAvailable = hold.release;
  const listeners = options.listeners ?? [{}];
  const fronts = new Set<Front>();
  const origins: { readonly origin: string; readonly routes: readonly Route[] }[] = [];
  const onError = options.onError ?? ((error: unknown) => console.error(error));
  const taps = options.accessLog ? [createAccessLog(guarded(options.accessLog, onError))] : [];
  const nextId = createIds(nodeId);
  const slab = new Slab(256 * 1024, (size) => Buffer.allocUnsafeSlow(size));
  const requestHeads = createRequestHeads(`rhttp-${nodeId}`, new URL(publicUrl ?? 'http://localhost').host);
  const forwarder = createForwarder({ registry, hold, requestHeads, now: Date.now });
  const reception = createReception({
    registry,
    authenticate: token === undefined ? authenticatorOf(options.auth) : authenticateByTokens([token]),
    onError,
    urlsOf,
    isTargetId,
    clock: nodeClock,
    defer: createTurn(),
    slab,
    nodeId,
  });
  const tunnel = createTunnel(reception);
  let closing: Promise<void> | undefined;
  let graceEnd = 0;

  function urlsOf(target: string): readonly string[] {
    const known = registry.find(target)?.id ?? target;
    const urls = origins.flatMap(({ origin, routes }) => routes.map((route) => route.urlOf(known, origin)));
    const distinct = [...new Set(urls)].filter((url) => url !== undefined);
    // Not every program resolves names below localhost: such a URL is never the preferred one.
    const isLocal = (url: string): boolean => new URL(url).hostname.endsWith('.localhost');
    return [...distinct.filter((url) => !isLocal(url)), ...distinct.filter(isLocal)];
  }

  async function listen(listener: ListenerOptions): Promise<Listener> {
    if (closing) throw new ReverseHttpError('closed', 'the gateway is closed');
    const routes = (listener.routes ?? [byHost('*.localhost'), byPath('/gw')]).map((route) =>
      typeof route === 'function' ? byFunction(route) : route,
    );
    const serve = createVisitServer({
      routes,
      hosts: createServedHosts(listener.hosts, publicUrl, routes),
      tunnel: (listener.tunnel ?? !isOneTarget(routes)) ? tunnel : undefined,
      registry,
      forwarder,
      taps,
      isDraining: () => closing !== undefined,
      graceMs: () => graceEnd - performance.now(),
      onError,
    });
    const onVisit = (visit: Visit): void => serve(visit);
    const front = createHttp1Front(
      { host: listener.host ?? '127.0.0.1', port: listener.port ?? 8080 },
      { onVisit, onRefused: (visit) => observeVisit(taps, visit, undefined), nextId },
    );
    const { host, port } = await front.listen();
    const url = `http://${isAny(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`;
    const entry = { origin: publicUrl ?? url, routes };
    fronts.add(front);
    origins.push(entry);
    const leave = async (grace: number): Promise<void> => {
      fronts.delete(front);
      const index = origins.indexOf(entry);
      if (index >= 0) origins.splice(index, 1);
      await front.drain(grace);
    };
    return { url, close: () => leave(graceMs), abort: () => leave(0) };
  }

  /** Visitors first, then connectors: what runs is finished over tunnels that are there till the end. */
  async function end(grace: number): Promise<void> {
    hold.close();
    for (const front of fronts) front.retire();
    await Promise.race([reception.drain(), after(grace)]);
    reception.close('draining');
    tunnel.close();
    await Promise.all([...fronts].map((front) => front.drain(Math.min(grace, lastWordMs))));
  }

  return {
    async start() {
      graceEnd = performance.now() + (options.deadlines?.startGraceMs ?? startGraceMs);
      const started: Listener[] = [];
      try {
        for (const listener of listeners) started.push(await listen(listener));
      } catch (error) {
        await Promise.all(started.map((listener) => listener.close()));
        throw error;
      }
    },
    listen,
    get url() {
      return origins[0]?.origin;
    },
    token,
    targets: registry.targets,
    close: () => (closing ??= end(graceMs)),
    abort() {
      closing = end(0);
      return closing;
    },
    unref() {
      for (const front of fronts) front.unref();
    },
  };
}

function guarded<T>(fn: (value: T) => void, onError: (error: unknown) => void): (value: T) => void {
  return (value) => {
    try {
      fn(value);
    } catch (error) {
      onError(error);
    }
  };
}

function originOf(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  if (!/^https?:/.test(url) || !URL.canParse(url)) {
    throw new ReverseHttpError('bad-option', `publicUrl: "${url}" is not a URL such as https://gw.example.com`);
  }
  return new URL(url).origin;
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

function authenticatorOf(auth: GatewayOptions['auth']): Authenticate {
  if (typeof auth === 'function') return auth;
  if (auth === 'none') return () => ({ id: 'none' });
  if (Array.isArray((auth as { tokens?: unknown } | undefined)?.tokens)) {
    return authenticateByTokens((auth as { readonly tokens: readonly string[] }).tokens);
  }
  throw new ReverseHttpError('bad-option', "auth: give { tokens: [...] }, a function, or 'none' to let everybody in");
}

/** Ids that are unique among all gateways and say nothing about visitors. */
function createIds(nodeId: string): () => string {
  let count = 0;
  return () => `${nodeId}-${++count}`;
}

function isOneTarget(routes: readonly Route[]): boolean {
  return routes.length === 1 && routes[0]!.fixed !== undefined;
}

function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
