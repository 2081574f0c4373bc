import { createRequire } from 'node:module';
import { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { Clock } from '@reverse-http/protocol/session';
import { ListenerAddresses, sharedRoutes } from './addresses.js';
import { createGatewayMetrics } from './admin/gateway-metrics.js';
import type { AdminOperations } from './admin/operations.js';
import { type StartedAdmin, startAdmin } from './admin/start-admin.js';
import { serveFetch } from './front/fetch/fetch-visit.js';
import { GatewayListeners, type Listener, type ListenerChange } from './gateway-listeners.js';
import type { GatewayOptions, ListenerOptions } from './gateway-options.js';
import { createGatewayParts, type GatewayParts, type Service } from './gateway-parts.js';
import type { Machine } from './machine/machine.js';
import { nodeMachine } from './machine/node-machine.js';
import { assertSameForGood } from './options/assert-same-for-good.js';
import { resolveGatewayOptions, resolveListenerOptions } from './options/resolve-gateway-options.js';
import type { ResolvedGatewayOptions, ResolvedListener } from './options/resolved-options.js';
import { observeVisit } from './tap/observe-visit.js';
import { LiveMap } from './targets/live-map.js';
import type { Target } from './targets/registry.js';
import type { GatewayEvent, SessionStatus, TargetStatus } from './targets/status.js';
import { sessionStatusOf, targetStatusOf } from './targets/status-of.js';
import type { KickedParty } from './tunnel/reception.js';
import type { Visit } from './visit/visit.js';

/** The public side: accepts visitors and connectors, and brings them together. */
export interface Gateway {
  /** Listens. Rejects with Node's own error (as `EADDRINUSE`) when it cannot; nothing is left listening then. */
  start(): Promise<void>;
  /**
   * Goes over to other options while it runs: what a gateway made with them would do, it does from now on. All or nothing:
   * when it rejects, nothing has changed. What runs goes on as it began, sessions stay, and a listener whose address is
   * no longer among `listeners` ends like {@link Listener.close}; those of {@link listen} stay. `auth`, `admin`,
   * `connectors.tokens` and the callbacks must be the same as before.
   *
   * @throws ReverseHttpError `bad-option`, as {@link createGateway}; `closed`. Node's own error when a new listener cannot listen.
   */
  reload(options: GatewayOptions): Promise<void>;
  /** One more visitors' listener, at any time. */
  listen(options: ListenerOptions): Promise<Listener>;
  /** The listeners of the options, in their order; none before {@link start}. */
  readonly listeners: readonly Listener[];
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
  return createGatewayOn(nodeMachine, options);
}

/** The same on a machine of the caller's. */
export function createGatewayOn(machine: Machine, options: GatewayOptions): Gateway {
  return new ComposedGateway(options, resolveGatewayOptions(options), machine);
}

class ComposedGateway implements Gateway {
  readonly targets: ReadonlyMap<string, TargetStatus>;
  readonly sessions: ReadonlyMap<string, SessionStatus>;
  readonly #addresses = new ListenerAddresses();
  readonly #parts: GatewayParts;
  readonly #listeners: GatewayListeners;
  /** As they were given. */
  #options: GatewayOptions;
  #service: Service;
  /** Ends with the last start or reload that was asked for. */
  #changed: Promise<void> = Promise.resolve();
  #graceEnd = 0;
  #closing: Promise<void> | undefined;
  #admin: StartedAdmin | undefined;
  #isListening = false;
  #keepsAlive = true;

  constructor(options: GatewayOptions, resolved: ResolvedGatewayOptions, machine: Machine) {
    this.#options = options;
    this.#parts = createGatewayParts(resolved, this.#addresses, machine);
    this.#service = this.#parts.adopt(resolved);
    this.#listeners = new GatewayListeners(this.#parts, this.#addresses, this.#service, {
      isDraining: () => this.#closing !== undefined,
      graceMs: () => this.#graceLeft(),
    });
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

  get listeners(): readonly Listener[] {
    return this.#listeners.configured;
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

  start(): Promise<void> {
    return this.#inTurn(() => this.#start());
  }

  reload(options: GatewayOptions): Promise<void> {
    return this.#inTurn(() => this.#reload(options));
  }

  async listen(options: ListenerOptions): Promise<Listener> {
    const resolved = resolveListenerOptions(options, this.#service.options.listenerLimits);
    this.#assertMayListen([resolved]);
    return this.#listeners.add(resolved);
  }

  kick(party: KickedParty, { forMs = 0 }: { readonly forMs?: number } = {}): number {
    return this.#parts.reception.kick(party, forMs);
  }

  drain(target: string): Promise<void> {
    return this.#parts.reception.drainTarget(target, graceMs);
  }

  fetch(request: Request, { target }: { readonly target: string }): Promise<Response> {
    return serveFetch(request, this.#parts.nextId(), (visit) => {
      observeVisit(this.#service.taps, visit, target);
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
    this.#listeners.unref();
    this.#admin?.unref();
  }

  /** Whether visitors and connectors are served. */
  #isReady(): boolean {
    return this.#isListening && !this.#closing;
  }

  /** One after the other. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#changed.then(change);
    this.#changed = done.catch(() => {});
    return done;
  }

  async #start(): Promise<void> {
    if (this.#isListening) return;
    const { startGraceMs, listeners } = this.#service.options;
    await this.#startAdmin();
    try {
      this.#graceEnd = this.#parts.machine.clock.now() + startGraceMs;
      const change = await this.#prepare(listeners);
      change.commit(this.#service);
      this.#isListening = true;
    } catch (error) {
      await this.#admin?.close();
      this.#admin = undefined;
      throw error;
    }
  }

  async #reload(options: GatewayOptions): Promise<void> {
    const resolved = resolveGatewayOptions(options);
    assertSameForGood(this.#options, options);
    const change = await this.#prepare(this.#isListening ? resolved.listeners : []);
    this.#options = options;
    this.#service = this.#parts.adopt(resolved);
    change.commit(this.#service);
  }

  async #prepare(listeners: readonly ResolvedListener[]): Promise<ListenerChange> {
    const change = await this.#listeners.prepare(listeners);
    try {
      this.#assertMayListen(listeners);
      return change;
    } catch (error) {
      await change.cancel();
      throw error;
    }
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
    this.#admin = await startAdmin(this.#service.options.admin, { ...operations, metrics }, onError);
    if (!this.#keepsAlive) this.#admin?.unref();
  }

  #assertMayListen(listeners: readonly ResolvedListener[]): void {
    if (this.#closing) throw new ReverseHttpError('closed', 'the gateway is closed');
    const [shared] = listeners.flatMap(sharedRoutes);
    if (shared && [...this.#parts.reception.owners].length > 1) {
      const why = 'targets of different owners are connected, which must not share an origin (sharedOrigin: trusted)';
      throw new ReverseHttpError('bad-option', `routes: "${shared.description}": ${why}`);
    }
  }

  #serve(visit: Visit, id: string): void {
    if (this.#closing) return visit.fail('draining', { detail: 'This gateway is shutting down.' });
    const { registry } = this.#parts;
    const { options, forwarder } = this.#service;
    const grace = this.#graceLeft();
    const target = registry.find(id) ?? (grace > 0 ? registry.presume(id, grace) : undefined);
    if (!target) return visit.fail('unknown-target', { detail: `There is no target "${id}".` });
    const { maxBodyBytes } = options.listenerLimits;
    if (!visit.limitBody(maxBodyBytes)) {
      return visit.fail('body-too-large', { detail: `The request body is longer than ${maxBodyBytes} bytes.` });
    }
    forwarder.forward(visit, { target: id, prefix: '', bare: false }, target);
  }

  /** How much longer an unknown target may be one whose connector has not come back yet, ms. */
  #graceLeft(): number {
    return this.#graceEnd - this.#parts.machine.clock.now();
  }

  /** Visitors first, then connectors: what runs is finished over tunnels that are there till the end. */
  async #end(grace: number): Promise<void> {
    const { hold, reception, tunnel, credentials } = this.#parts;
    hold.close();
    this.#listeners.retire();
    await Promise.race([reception.drain(), after(grace, this.#parts.machine.clock)]);
    reception.close('draining');
    tunnel.close();
    credentials.close();
    await this.#listeners.drain(Math.min(grace, lastWordMs));
    await this.#admin?.close();
  }
}

function after(ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.setTimer(resolve, ms));
}

function connected(target: Target | undefined): Target | undefined {
  return target && target.members.length > 0 ? target : undefined;
}
