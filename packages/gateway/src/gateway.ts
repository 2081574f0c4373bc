import { createRequire } from 'node:module';
import { ReverseHttpError } from '@reverse-http/protocol/errors';
import { type AddressEntry, ListenerAddresses, sharedRoutes } from './addresses.js';
import { createGatewayMetrics } from './admin/gateway-metrics.js';
import type { AdminOperations } from './admin/operations.js';
import { type StartedAdmin, startAdmin } from './admin/start-admin.js';
import { serveFetch } from './front/fetch/fetch-visit.js';
import type { GatewayOptions, ListenerOptions } from './gateway-options.js';
import { createGatewayParts, type GatewayParts } from './gateway-parts.js';
import { createListenerFront } from './listener-front.js';
import { resolveGatewayOptions, resolveListenerOptions } from './options/resolve-gateway-options.js';
import type { ResolvedGatewayOptions, ResolvedListener } from './options/resolved-options.js';
import { observeVisit } from './tap/observe-visit.js';
import { LiveMap } from './targets/live-map.js';
import type { Target } from './targets/registry.js';
import type { GatewayEvent, SessionStatus, TargetStatus } from './targets/status.js';
import { sessionStatusOf, targetStatusOf } from './targets/status-of.js';
import type { KickedParty } from './tunnel/reception.js';
import type { Front, Visit } from './visit/visit.js';

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
  /** Where the admin listener is reached; undefined where there is none, or before {@link start}. */
  readonly adminUrl: string | undefined;
  /** What the admin listener wants to be shown; undefined like {@link adminUrl}. */
  readonly adminToken: string | undefined;
  /** Who is connected, by target id (looked up without case); live, each value a picture of the moment it was got. */
  readonly targets: ReadonlyMap<string, TargetStatus>;
  /** The connectors' sessions, by their id; live in the same way. */
  readonly sessions: ReadonlyMap<string, SessionStatus>;
  /**
   * Ends the sessions that serve a target, or one session, with the code `kicked`; returns how many were ended. What
   * runs on them ends with an error.
   *
   * @param options.forMs So long the target (or the replicas of the session) is refused, `kicked` too. Default 0.
   */
  kick(party: KickedParty, options?: { readonly forMs?: number }): number;
  /**
   * Lets the connectors of a target finish what runs, up to 30 s, gives them nothing new, then ends their sessions with
   * the code `draining`. Visitors wait meanwhile, as for any target that is briefly away; connectors may come back.
   */
  drain(target: string): Promise<void>;
  /**
   * Sends a request to a target from within this process. Answers what a visitor would get, the gateway's own errors
   * included; redirects are not followed and content codings not undone.
   *
   * @throws What the request's signal, or the stream of its body, ended with.
   */
  fetch(request: Request, options: { readonly target: string }): Promise<Response>;
  /** Hears every event from now on, as the option `onEvent` does; the result stops that. */
  subscribe(listener: (event: GatewayEvent) => void): () => void;
  /** Drains, then closes: running exchanges get 30 s. Idempotent. */
  close(): Promise<void>;
  /** Ends everything now. Idempotent. */
  abort(): Promise<void>;
  /** Lets the process end although the gateway listens. */
  unref(): void;
}

const { version } = createRequire(import.meta.url)('../package.json') as { readonly version: string };

/** Answers that are whole get this long to leave, ms. */
const lastWordMs = 1000;
/** Running exchanges get this long when something is closed, ms. */
const graceMs = 30_000;

/**
 * Makes a gateway.
 *
 * @throws ReverseHttpError `bad-option`, with the place and what was expected there.
 * @example
 * const gateway = createGateway({ listeners: [{ port: 8080, routes: [byPath('/gw')] }] });
 * await gateway.start();
 * console.log(gateway.url, gateway.token);
 */
export function createGateway(options: GatewayOptions = {}): Gateway {
  return new ComposedGateway(resolveGatewayOptions(options));
}

class ComposedGateway implements Gateway {
  readonly targets: ReadonlyMap<string, TargetStatus>;
  readonly sessions: ReadonlyMap<string, SessionStatus>;
  readonly #options: ResolvedGatewayOptions;
  readonly #addresses = new ListenerAddresses();
  readonly #parts: GatewayParts;
  readonly #fronts = new Set<Front>();
  #graceEnd = 0;
  #closing: Promise<void> | undefined;
  #admin: StartedAdmin | undefined;
  #isListening = false;
  #keepsAlive = true;

  constructor(options: ResolvedGatewayOptions) {
    this.#options = options;
    this.#parts = createGatewayParts(options, this.#addresses);
    const { registry, reception } = this.#parts;
    this.targets = new LiveMap(
      (id) => connected(registry.targets.get(id.toLowerCase())),
      () => registry.connected(),
      ({ id }) => id,
      (target) => targetStatusOf(target, (id) => this.#addresses.urlsOf(id)),
    );
    this.sessions = new LiveMap(
      (id) => reception.find(id),
      () => reception.members(),
      ({ session }) => session.id,
      sessionStatusOf,
    );
  }

  get url(): string | undefined {
    return this.#addresses.origin;
  }

  get adminUrl(): string | undefined {
    return this.#admin?.url;
  }

  get adminToken(): string | undefined {
    return this.#admin?.token;
  }

  get token(): string | undefined {
    return this.#parts.credentials.token;
  }

  async start(): Promise<void> {
    this.#graceEnd = performance.now() + this.#options.startGraceMs;
    const started: Listener[] = [];
    try {
      for (const listener of this.#options.listeners) started.push(await this.#listen(listener));
      await this.#startAdmin();
      this.#isListening = true;
    } catch (error) {
      await Promise.all(started.map((listener) => listener.close()));
      throw error;
    }
  }

  async listen(options: ListenerOptions): Promise<Listener> {
    return this.#listen(resolveListenerOptions(options, this.#options.listenerLimits));
  }

  kick(party: KickedParty, { forMs = 0 }: { readonly forMs?: number } = {}): number {
    return this.#parts.reception.kick(party, forMs);
  }

  drain(target: string): Promise<void> {
    return this.#parts.reception.drainTarget(target, graceMs);
  }

  fetch(request: Request, { target }: { readonly target: string }): Promise<Response> {
    const { taps, nextId } = this.#parts;
    return serveFetch(request, nextId(), (visit) => {
      observeVisit(taps, visit, target);
      this.#serve(visit, target);
    });
  }

  subscribe(listener: (event: GatewayEvent) => void): () => void {
    return this.#parts.events.subscribe(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#end(graceMs);
    return this.#closing;
  }

  abort(): Promise<void> {
    this.#closing = this.#end(0);
    return this.#closing;
  }

  unref(): void {
    this.#keepsAlive = false;
    for (const front of this.#fronts) front.unref();
    this.#admin?.unref();
  }

  /** Whether visitors and connectors are served. */
  #isReady(): boolean {
    return this.#isListening && !this.#closing;
  }

  async #startAdmin(): Promise<void> {
    const { credentials, counters, hold, onError } = this.#parts;
    const operations: AdminOperations = {
      targets: this.targets,
      sessions: this.sessions,
      kick: (party, options) => this.kick(party, options),
      drain: (target) => this.drain(target),
      isReady: () => this.#isReady(),
      subscribe: (listener) => this.subscribe(listener),
      tokens: credentials.tokens,
    };
    const metrics =
      counters &&
      createGatewayMetrics({ operations, visits: () => counters.read(), heldRequests: () => hold.size, version });
    this.#admin = await startAdmin(this.#options.admin, { ...operations, metrics }, onError);
    if (!this.#keepsAlive) this.#admin?.unref();
  }

  async #listen(listener: ResolvedListener): Promise<Listener> {
    this.#assertMayListen(listener);
    const { publicUrl } = this.#options;
    const front = createListenerFront(listener, publicUrl, this.#parts, {
      isDraining: () => this.#closing !== undefined,
      graceMs: () => this.#graceLeft(),
    });
    const { host, port } = await front.listen();
    const url = `http://${isAny(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`;
    const { routes, sharedOrigin } = listener;
    const entry: AddressEntry = { origin: publicUrl ?? url, routes, sharedOrigin };
    this.#fronts.add(front);
    this.#addresses.add(entry);
    if (!this.#keepsAlive) front.unref();
    const leave = async (grace: number): Promise<void> => {
      this.#fronts.delete(front);
      this.#addresses.remove(entry);
      await front.drain(grace);
    };
    return { url, close: () => leave(graceMs), abort: () => leave(0) };
  }

  #assertMayListen(listener: ResolvedListener): void {
    if (this.#closing) throw new ReverseHttpError('closed', 'the gateway is closed');
    const [shared] = sharedRoutes(listener);
    if (shared && [...this.#parts.reception.owners].length > 1) {
      const why = 'targets of different owners are connected, which must not share an origin (sharedOrigin: trusted)';
      throw new ReverseHttpError('bad-option', `routes: "${shared.description}": ${why}`);
    }
  }

  #serve(visit: Visit, id: string): void {
    if (this.#closing) return visit.fail('draining', { detail: 'This gateway is shutting down.' });
    const { registry, forwarder } = this.#parts;
    const grace = this.#graceLeft();
    const target = registry.find(id) ?? (grace > 0 ? registry.presume(id, grace) : undefined);
    if (!target) return visit.fail('unknown-target', { detail: `There is no target "${id}".` });
    const { maxBodyBytes } = this.#options.listenerLimits;
    if (!visit.limitBody(maxBodyBytes)) {
      return visit.fail('body-too-large', { detail: `The request body is longer than ${maxBodyBytes} bytes.` });
    }
    forwarder.forward(visit, { target: id, prefix: '', bare: false }, target);
  }

  /** How much longer an unknown target may be one whose connector has not come back yet, ms. */
  #graceLeft(): number {
    return this.#graceEnd - performance.now();
  }

  /** Visitors first, then connectors: what runs is finished over tunnels that are there till the end. */
  async #end(grace: number): Promise<void> {
    const { hold, reception, tunnel, credentials } = this.#parts;
    hold.close();
    for (const front of this.#fronts) front.retire();
    await Promise.race([reception.drain(), after(grace)]);
    reception.close('draining');
    tunnel.close();
    credentials.close();
    await Promise.all([...this.#fronts].map((front) => front.drain(Math.min(grace, lastWordMs))));
    await this.#admin?.close();
  }
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

function connected(target: Target | undefined): Target | undefined {
  return target && target.members.length > 0 ? target : undefined;
}

function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
