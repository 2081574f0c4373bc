import { ReverseHttpError, type SessionCode, sessionCodes } from '@reverse-http/protocol/errors';
import {
  type Goodbye,
  type Hello,
  Session,
  type SessionState,
  type Timer,
  type Welcome,
} from '@reverse-http/protocol/session';
import type { ResolvedConnectOptions } from '../connect-options.js';
import type {
  CloseOptions,
  CloseReason,
  Connection,
  ConnectionState,
  RegisteredTarget,
  Registration,
} from '../connection.js';
import { acceptWithin } from './accept-within.js';
import { BackOff, dialPolicy, refusedPolicy } from './back-off.js';
import type { DialledTransport, Dialler } from './dialler.js';
import { drain } from './drain.js';
import { greetWithToken } from './greet-with-token.js';
import { answerTimeoutOf, type GreetingHandler } from './greeting.js';
import { createHello, registeredTarget } from './hello.js';
import { IdleCuts } from './idle-cuts.js';
import { Progress } from './progress.js';
import type { Runtime } from './runtime.js';
import { SleepWatch } from './sleep-watch.js';
import type { StreamAcceptor } from './stream-acceptor.js';
import { TransportChoice } from './transport-choice.js';
import { TroubleReport } from './trouble-report.js';
import { Upgrade } from './upgrade.js';

/** Parts of a link. */
export interface LinkOptions {
  readonly options: ResolvedConnectOptions<never>;
  /** The surest first, the best last. */
  readonly diallers: readonly [Dialler, ...Dialler[]];
  readonly acceptor: StreamAcceptor;
  readonly runtime: Runtime;
}

/** What the session runs on, or did last. */
interface Attached {
  readonly welcome: Welcome;
  readonly gateway: string;
  readonly dialler: Dialler;
  /** When the gateway was heard by it. */
  provenAt: number | undefined;
  /** {@link Session.processedBytes} when it began. */
  readonly processedBefore: number;
}

/** A link that lived this long counts as a success, so that one that dies at once is not redialled at once for ever, ms. */
const provenMs = 1000;
/** A better transport that is lost before is not better on this network, ms. */
const worthwhileMs = 10_000;
/** How often a standby asks, ms. */
const standbyMs = 60_000;
const defaultGraceMs = 30_000;
const closedAsAsked: CloseReason = { code: 'closed', message: sessionCodes.closed.message };

/** Dials, keeps a session, goes on with it or opens another one: until it is closed. */
export function createLink(options: LinkOptions): Connection {
  const link = new Link(options);
  if (Symbol.asyncDispose) Object.defineProperty(link, Symbol.asyncDispose, { value: () => link.close() });
  link.start();
  return link as unknown as Connection;
}

class Link implements Omit<Connection, typeof Symbol.asyncDispose> {
  targets: readonly RegisteredTarget[] = [];
  readonly #options: ResolvedConnectOptions<never>;
  readonly #choice: TransportChoice;
  readonly #acceptor: StreamAcceptor;
  readonly #runtime: Runtime;
  readonly #replica: string;
  readonly #dials: BackOff;
  readonly #refusals: BackOff;
  readonly #upgrade: Upgrade;
  readonly #troubles: TroubleReport;
  readonly #progress: Progress;
  readonly #idleCuts: IdleCuts;
  readonly #sleep: SleepWatch;
  #session: Session | undefined;
  #key = '';
  #attach = 0;
  #gateway = 0;
  #standby = false;
  #closing = false;
  #hangUp: (() => void) | undefined;
  #timer: Timer | undefined;
  #attached: Attached | undefined;
  readonly #onAbort = (): void => this.abort(this.#options.signal?.reason);

  constructor({ options, diallers, acceptor, runtime }: LinkOptions) {
    this.#options = options;
    this.#choice = new TransportChoice(diallers);
    this.#acceptor = acceptor;
    this.#runtime = runtime;
    this.#troubles = new TroubleReport(options);
    this.#progress = new Progress(options);
    this.#idleCuts = new IdleCuts(runtime.clock);
    this.#sleep = new SleepWatch(runtime, () => this.#onSlept());
    this.#replica = options.replica ?? runtime.randomHex(8);
    const random = (): number => runtime.random();
    const now = (): number => runtime.clock.now();
    this.#dials = new BackOff(dialPolicy, random, now);
    this.#refusals = new BackOff(refusedPolicy, random, now);
    this.#upgrade = new Upgrade({
      clock: runtime.clock,
      random,
      greet: (handler) => this.#greet(this.#attached!.gateway, this.#choice.best, handler),
      onWelcome: (welcome, transport) => this.#onUpgraded(welcome, transport),
    });
  }

  get ready(): Promise<Registration> {
    return this.#progress.ready;
  }

  get closed(): Promise<CloseReason> {
    return this.#progress.closed;
  }

  get state(): ConnectionState {
    return this.#progress.state;
  }

  get url(): string | undefined {
    return this.targets[0]?.url;
  }

  get lastRoundTripAt(): number | undefined {
    return this.#session && this.#sleep.epochOf(this.#session.lastRoundTripAt);
  }

  start(): void {
    const { signal } = this.#options;
    if (signal?.aborted) return this.#onAbort();
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#dials.next();
    this.#sleep.start();
    this.#dial();
  }

  async close({ graceMs = defaultGraceMs }: CloseOptions = {}): Promise<void> {
    if (!this.#closing && this.state.state !== 'closed') {
      this.#closing = true;
      this.#drain(graceMs);
    }
    await this.closed;
  }

  abort(cause?: unknown): void {
    const message = cause instanceof Error ? cause.message : sessionCodes.aborted.message;
    this.#finish({ code: 'aborted', message, ...(cause === undefined ? {} : { cause }) });
  }

  #dial(): void {
    const { gateways } = this.#options;
    const gateway = gateways[this.#gateway % gateways.length]!;
    const dialler = this.#choice.next(gateway);
    this.#hangUp = this.#greet(gateway, dialler, {
      onWelcome: (welcome, transport) => this.#onWelcome(welcome, transport, gateway, dialler),
      onRefused: (goodbye) => this.#onRefused(goodbye),
      onFailed: (error) => {
        this.#choice.failed(gateway);
        // A session is known to its own gateway alone.
        if (!this.#session) this.#gateway += 1;
        this.#retry(error);
      },
    });
  }

  /** Asks for the token, then says hello; the result gives up. */
  #greet(gateway: string, dialler: Dialler, handler: GreetingHandler): () => void {
    const { clock } = this.#runtime;
    const { token } = this.#options;
    const answerTimeoutMs = answerTimeoutOf(this.#session);
    const hello = (given: string | undefined): Hello => this.#createHello(gateway, dialler, given);
    return greetWithToken({ dialler, gateway, token, createHello: hello, clock, answerTimeoutMs }, handler);
  }

  #createHello(gateway: string, dialler: Dialler, token: string | undefined): Hello {
    const session = this.#session;
    if (!session) {
      this.#key = this.#runtime.randomHex(16);
      this.#attach = 0;
    }
    this.#attach += 1;
    return createHello(this.#options, {
      key: this.#key,
      attach: this.#attach,
      replica: this.#replica,
      token,
      features: dialler.featuresFor(gateway),
      agent: this.#runtime.agent,
      standby: this.#standby,
      resume: session && { session: session.id, offset: session.receivedOffset },
    });
  }

  #onWelcome(welcome: Welcome, transport: DialledTransport, gateway: string, dialler: Dialler): void {
    this.#hangUp = undefined;
    // The handlers of a session that is gone are aborted before the next one brings requests (at most once).
    if (this.#session && this.#session.id !== welcome.session) this.#dropSession('gone');
    const session = this.#session ?? this.#openSession(welcome);
    const processedBefore = session.processedBytes;
    this.#attached = { welcome, gateway, dialler, provenAt: undefined, processedBefore };
    transport.onAgreed(welcome.features);
    try {
      session.attach(transport, welcome.offset);
    } catch (error) {
      transport.close();
      this.#dropSession('gone');
      return this.#retry(asError(error));
    }
  }

  /** Another session than the present one is none to move to. */
  #onUpgraded(welcome: Welcome, transport: DialledTransport): void {
    if (welcome.session !== this.#session?.id) return transport.close();
    this.#onWelcome(welcome, transport, this.#attached!.gateway, this.#choice.best);
  }

  /** The peer was heard by the present transport: a round trip worked, or works again. */
  #onHeard(): void {
    const attached = this.#attached!;
    const { welcome, gateway, dialler } = attached;
    if (attached.provenAt === undefined) {
      attached.provenAt = this.#runtime.clock.now();
      this.#standby = false;
      this.#troubles.clear();
      this.#refusals.reset();
      this.#choice.worked(gateway, dialler);
      if (dialler.name !== 'poll') this.#idleCuts.begin(this.#session!);
      if (dialler !== this.#choice.best) this.#upgrade.begin();
      for (const notice of welcome.notices) this.#options.logger.warn(`Notice from ${gateway}: ${notice}`);
    }
    this.targets = this.#options.targets.map((target) => registeredTarget(welcome, target, gateway));
    this.#progress.setReady({ ...this.targets[0]!, transport: dialler.name });
  }

  #openSession(welcome: Welcome): Session {
    const runtime = this.#runtime;
    const session: Session = new Session({
      id: welcome.session,
      opener: false,
      clock: runtime.clock,
      random: () => runtime.random(),
      slab: runtime.slab,
      defer: (fn) => runtime.defer(fn),
      keepAliveMs: welcome.keepAliveMs,
      resumeMs: welcome.resumeMs,
      maxStreams: welcome.maxStreams,
      ...(welcome.maxUnackedBytes === undefined ? {} : { peerMaxUnackedBytes: welcome.maxUnackedBytes }),
      onStream: (stream) => acceptWithin(this.#options.maxConcurrent, this.#acceptor, stream),
      onStateChanged: (state) => this.#onSession(session, state),
    });
    this.#session = session;
    return session;
  }

  #onSession(session: Session, state: SessionState): void {
    if (session !== this.#session) return;
    if (state.state === 'attached') return this.#onPeer(state.peer);
    this.#judgeTransport(session);
    this.#upgrade.stop();
    if (state.state === 'detached') return this.#retry(undefined);
    this.#session = undefined;
    this.#stopDialling();
    this.#onGone(state.reason);
  }

  #onPeer(peer: 'unheard' | 'heard' | 'suspect'): void {
    if (peer === 'heard') this.#onHeard();
    else if (peer === 'suspect' && this.state.state === 'ready') this.#progress.set({ state: 'suspect' });
  }

  /** The transport is lost: one that never brought an answer, or did not live long, is not dialled at once again. */
  #judgeTransport(session: Session): void {
    const { welcome, gateway, dialler, provenAt, processedBefore } = this.#attached!;
    const now = this.#runtime.clock.now();
    const lived = provenAt === undefined ? 0 : now - provenAt;
    const silent = now - session.lastHeardAt;
    if (silent < welcome.keepAliveMs && dialler.name !== 'poll') this.#idleCuts.cut(silent);
    if (lived >= provenMs) this.#dials.reset();
    // Requests hang on it, and come on by each transport, however short-lived: the waits are not to grow.
    else if (session.processedBytes > processedBefore) this.#dials.ease(lived);
    if (lived >= worthwhileMs) this.#upgrade.reset();
    else if (provenAt === undefined || dialler === this.#choice.best) this.#choice.failed(gateway);
  }

  /** A hello was refused. */
  #onRefused(goodbye: Goodbye): void {
    this.#hangUp = undefined;
    const { code } = goodbye;
    const lost = code === 'gone' || code === 'replaced' || code === 'standby' || !sessionCodes[code].retryable;
    if (lost) this.#dropSession(code);
    // The gateway is there, and who waits there waits for this: only the session has to be another one.
    if (code === 'gone') return this.#retry(undefined, 0);
    this.#onGone(goodbye);
  }

  /** The gateway gave the reason for having no session with us. */
  #onGone({ code, message, retryAfterMs = 0 }: Goodbye): void {
    const error = new ReverseHttpError(code, message || sessionCodes[code].message);
    if (this.#closing) this.#finish(closedAsAsked);
    else if (code === 'replaced' || code === 'standby') this.#standBy(message);
    // Thousands may have been told the same time: they do not come back in step either.
    else if (error.retryable) this.#retry(error, retryAfterMs + this.#dials.next());
    else this.#refuse(error, retryAfterMs);
  }

  #retry(error: ReverseHttpError | undefined, retryInMs: number = this.#dials.next()): void {
    this.#hangUp = undefined;
    if (this.#closing && !this.#session) return this.#finish(closedAsAsked);
    const state = this.#session ? 'detached' : 'connecting';
    this.#later(retryInMs);
    this.#progress.set(error ? { state, error, retryInMs } : { state, retryInMs });
    if (error) this.#troubles.tell(error);
  }

  #standBy(message: string): void {
    if (!this.#standby) this.#options.logger.warn(`Standing by: ${message || sessionCodes.replaced.message}`);
    this.#standby = true;
    this.#later(standbyMs);
    this.#progress.set({ state: 'standby', retryInMs: standbyMs });
  }

  #refuse(error: ReverseHttpError, atLeastMs = 0): void {
    if (this.#options.onRefused === 'close') {
      this.#troubles.tell(error);
      this.#progress.set({ state: 'refused', error });
      return this.#finish({ code: error.code as SessionCode, message: error.message });
    }
    const retryInMs = Math.max(this.#refusals.next(), atLeastMs);
    this.#later(retryInMs);
    this.#progress.set({ state: 'refused', error, retryInMs });
    this.#troubles.tell(error);
  }

  #later(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#runtime.clock.setTimer(() => this.#dial(), ms);
  }

  /** Nobody knows what became of the link meanwhile; where it was waited for, it may be there. */
  #onSlept(): void {
    const session = this.#session;
    if (session?.state.state === 'attached') return session.doubt();
    const { state } = this.state;
    if ((state === 'connecting' || state === 'detached') && !this.#hangUp) this.#later(0);
  }

  #stopDialling(): void {
    this.#timer?.cancel();
    this.#hangUp?.();
    this.#timer = this.#hangUp = undefined;
    this.#upgrade.stop();
    this.#idleCuts.stop();
  }

  /** Forgets the session first, so that its end is not taken for news. */
  #dropSession(code: SessionCode): void {
    const session = this.#session;
    this.#session = undefined;
    session?.close(code);
  }

  #drain(graceMs: number): void {
    const session = this.#session;
    const leave = (): void => this.#finish(closedAsAsked);
    if (!session) return leave();
    drain(session, this.#acceptor, this.#runtime.clock, graceMs, leave);
  }

  #finish(reason: CloseReason): void {
    if (this.state.state === 'closed') return;
    this.#closing = true;
    this.#sleep.stop();
    this.#stopDialling();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    const { state } = this;
    const refused = state.state === 'refused' ? state.error : undefined;
    this.#progress.set({ state: 'closed', reason });
    this.#dropSession(reason.code === 'closed' ? 'closed' : 'aborted');
    const { code, message, cause } = reason;
    this.#progress.end(reason, refused ?? new ReverseHttpError(code, message, { cause }));
  }
}

function asError(error: unknown): ReverseHttpError {
  if (error instanceof ReverseHttpError) return error;
  return new ReverseHttpError('protocol-error', 'the session could not go on', { cause: error });
}
