import type { Reason } from '@reverse-http/protocol/errors';
import { type AnswerHandler, type Delivered, OpenedExchange } from '@reverse-http/protocol/exchange';
import { type Asked, asksTunnel, Head } from '@reverse-http/protocol/http1';
import type { ByteSink, HeadSource } from '@reverse-http/protocol/mux';
import type { SpareBlocks } from '../memory/spare-blocks.js';
import type { DeadlinePolicy } from '../policy/target-policy.js';
import type { RouteMatch } from '../routing/route.js';
import type { Hold, Waiting } from '../targets/hold.js';
import { isFull, type Member } from '../targets/member.js';
import type { Registry, Target } from '../targets/registry.js';
import type { TimerWheel } from '../timing/timer-wheel.js';
import { isHeadMethod } from '../visit/head-method.js';
import type { Peer, Visit, VisitHandler } from '../visit/visit.js';
import { type Affinity, createAffinity } from './affinity.js';
import { type AnswerHeads, createAnswerHeads, transparentAnswerHeads } from './answer-head.js';
import { type Deadline, Deadlines } from './deadlines.js';
import { isIdempotent } from './is-idempotent.js';
import { createKeptBlocks, KeptBody } from './kept-body.js';
import { mergeVary } from './merge-vary.js';
import type { RequestHeads } from './request-head.js';

/** What forwarding needs of the gateway. */
export interface ForwardServices {
  readonly registry: Registry;
  readonly hold: Hold;
  readonly requestHeads: RequestHeads;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Counts the deadlines of exchanges. */
  readonly wheel: TimerWheel;
  /** Whether visitors are served as if they were connected to the server itself: answers pass as they are. Default false. */
  readonly transparent?: boolean;
}

/** Hands visits to connectors. */
export interface Forwarder {
  /** @param deadlines Default: the target's. */
  forward(visit: Visit, match: RouteMatch, target: Target, deadlines?: DeadlinePolicy): void;
}

interface Shared extends Required<ForwardServices> {
  readonly answerHeads: AnswerHeads;
  readonly affinity: Affinity;
  /** Scratch for the heads of answers. */
  readonly scratch: Head;
  readonly keptBlocks: SpareBlocks;
}

/** A refused request is tried with this many connectors at most. */
const maxTries = 4;
/** How a server fails that hangs up without an answer: on a transparent listener the visitor sees just that. */
const hangUps: readonly Reason[] = ['bad-answer', 'connector-lost', 'upgrade-failed'];

/** Makes a {@link Forwarder}. */
export function createForwarder(services: ForwardServices): Forwarder {
  const { transparent = false } = services;
  const shared: Shared = {
    ...services,
    transparent,
    answerHeads: transparent ? transparentAnswerHeads : createAnswerHeads(services.now),
    affinity: createAffinity(),
    scratch: new Head(),
    keptBlocks: createKeptBlocks(),
  };
  return {
    forward(visit, match, target, deadlines = target.policy) {
      if (shared.requestHeads.isLoop(visit.head)) return visit.fail('loop');
      shared.requestHeads.prepare(visit, match);
      new Forwarding(shared, visit, match, target, deadlines).start();
    },
  };
}

/** One visit on its way through a connector and back. */
class Forwarding extends Deadlines implements AnswerHandler, HeadSource, VisitHandler, Waiting {
  readonly #shared: Shared;
  readonly #visit: Visit;
  readonly #match: RouteMatch;
  readonly #target: Target;
  readonly #body: KeptBody | undefined;
  #exchange: OpenedExchange | undefined;
  #stopWaiting: (() => void) | undefined;
  #sink: ByteSink | undefined;
  /** Bytes of the answer that the visitor's connection has not taken. */
  #owed = 0;
  #tries = 0;
  /** Who refused the request so far. */
  #refusedBy: Member[] | undefined;
  #member: Member | undefined;
  #namesTarget = false;
  /** Whether a connector that was lost may have had the request. */
  #repeated = false;
  /** When it began to wait for a connector; see {@link Waiting}. */
  waitingSince: number | undefined;

  constructor(shared: Shared, visit: Visit, match: RouteMatch, target: Target, deadlines: DeadlinePolicy) {
    super(shared.wheel, deadlines);
    this.#shared = shared;
    this.#visit = visit;
    this.#match = match;
    this.#target = target;
    this.#body = visit.body && new KeptBody(visit.body, shared.keptBlocks, () => this.moved());
    visit.handler = this;
  }

  get peer(): Peer {
    return this.#visit.peer;
  }

  get holdMs(): number {
    return this.deadlines.holdMs;
  }

  get headBytes(): number {
    return this.#shared.requestHeads.mostBytes(this.#visit, this.#match);
  }

  writeHead(into: Uint8Array, at: number): number {
    return this.#shared.requestHeads.write(this.#visit, this.#match, this.#namesTarget, into, at);
  }

  /** Gives the request to a connector, or lets it wait for one. */
  start(): void {
    const { members } = this.#target;
    const member = this.#pickByCookie() ?? this.#shared.registry.pick(this.#target, this.#refusedBy);
    if (member) this.#open(member);
    else if (members.some(isFull)) this.#fail('overloaded', 'no', 'The connector is busy.');
    else this.#wait();
  }

  onAvailable(): void {
    this.#stopWaiting = undefined;
    this.start();
  }

  onExpired(reason: Reason, waitedMs: number): void {
    this.#stopWaiting = undefined;
    this.#fail(reason, 'no', `Target "${this.#target.id}" has no connector; waited ${(waitedMs / 1000).toFixed(1)} s.`);
  }

  onBodyReadable(bytes?: number): void {
    this.#exchange?.wake(bytes);
  }

  onAborted(reason: Reason, detail: string): void {
    this.#stopWaiting?.();
    this.stopDeadlines();
    this.#exchange?.abort(reason, detail);
  }

  onInterim(head: Head): boolean {
    this.moved();
    this.#body?.forget();
    const { end } = head;
    const added = this.#shared.answerHeads.prepareInterim(head, this.#visit, this.#match);
    if (this.#visit.informational(head, added)) return true;
    this.#owed += end;
    return false;
  }

  onWritable(): void {
    this.#onDrain();
  }

  onAnswer(head: Head, ended: boolean): void {
    if (ended) this.stopDeadlines();
    else this.answered();
    this.#body?.forget();
    const { vary } = this.#match;
    let added = this.#shared.answerHeads.prepare(head, this.#visit, this.#match) + this.#affinityLine();
    if (vary !== undefined) added += mergeVary(head, vary);
    this.#sink = this.#visit.respond(head, added, ended);
    this.#sink.onDrain = this.#onDrain;
  }

  onUpgrade(head: Head): void {
    this.answered();
    this.#body?.forget();
    const added = this.#shared.answerHeads.prepareInterim(head, this.#visit, this.#match);
    this.#sink = this.#visit.upgrade(head, added + this.#affinityLine());
    this.#sink.onDrain = this.#onDrain;
    this.#exchange?.wake();
  }

  onBody(bytes: Uint8Array): void {
    this.moved();
    if (this.#sink!.write(bytes)) this.#exchange!.consumed(bytes.length);
    else this.#owed += bytes.length;
  }

  onEnd(trailers: Uint8Array | undefined): void {
    this.stopDeadlines();
    this.#sink!.end(trailers);
  }

  onStopReading(): void {
    this.#visit.stopReading();
  }

  onFailed(reason: Reason, detail: string): void {
    const exchange = this.#exchange!;
    this.#exchange = undefined;
    this.stopDeadlines();
    const { delivered } = exchange;
    if (delivered === 'no' && this.#mayTryAgain()) return this.#tryAgain(reason);
    if (delivered === 'unknown' && this.#mayRepeat()) return this.#repeat();
    if (this.#shared.transparent && delivered !== 'no' && hangUps.includes(reason)) return this.#visit.abort(reason);
    // To stop reading is no answer: before one it is a fault, like any other.
    this.#fail(reason === 'visitor-gone' ? 'bad-answer' : reason, delivered, detail);
  }

  /** Nothing has left: another connector that can take it need not wait for this one. */
  onStalled(): void {
    if (!this.#shared.registry.pick(this.#target, this.#refusedBy)) return;
    this.#exchange?.abort('connector-lost');
    this.#exchange = undefined;
    this.stopDeadlines();
    this.start();
  }

  protected onLate(deadline: Deadline): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (!exchange) return;
    const delivered = exchange.delivered;
    exchange.abort('idle-timeout', lateDetails[deadline]);
    const reason = deadline === 'idle' || this.#sink ? 'idle-timeout' : 'first-byte-timeout';
    this.#fail(reason, delivered, lateDetails[deadline]);
  }

  protected isQueued(): boolean {
    return this.#exchange?.delivered === 'no';
  }

  onEnded(bytesIn: number, bytesOut: number): void {
    if (this.#member) this.#target.traffic.end(bytesIn, bytesOut);
  }

  #pickByCookie(): Member | undefined {
    const target = this.#target;
    if (target.policy.affinity === 'none') return undefined;
    return this.#shared.affinity.pick(target, this.#visit.head, this.#refusedBy);
  }

  #affinityLine(): string {
    const target = this.#target;
    if (target.policy.affinity === 'none') return '';
    return this.#shared.affinity.lineFor(target, this.#member!, this.#visit, this.#match);
  }

  #open(member: Member): void {
    const visit = this.#visit;
    const { session, targets } = member;
    if (!this.#member) {
      const refusal = this.#target.traffic.begin();
      if (refusal) return visit.fail(refusal, { detail: `Target "${this.#target.id}" gets no more at the moment.` });
    }
    member.requests++;
    this.#tries++;
    this.#member = member;
    const request = { isHead: isHeadMethod(visit.head), asks: askedBy(visit) };
    const exchange = OpenedExchange.open(session.mux, request, this, this.#shared.scratch);
    if (!exchange) return this.#fail('overloaded', 'no', '');
    this.#exchange = exchange;
    this.#namesTarget = targets.length > 1;
    this.startDeadlines(session);
    exchange.send(this, this.#body);
  }

  #wait(): void {
    const waits = this.#shared.hold.wait(this.#target, this);
    if (typeof waits === 'function') this.#stopWaiting = waits;
    else this.#fail(waits, 'no', `Target "${this.#target.id}" has no connector.`);
  }

  /** Whether the request can be sent once more; only what surely never reached a handler may be. */
  #mayTryAgain(): boolean {
    if (this.#visit.settled || this.#tries >= maxTries) return false;
    return this.#body === undefined || this.#body.rewind();
  }

  /**
   * Whether the request can be sent once more although a handler may have seen it (RFC 9110, section 9.2.2): the operator
   * says so, the connector is gone for good, and of the body nothing left.
   */
  #mayRepeat(): boolean {
    if (this.#target.policy.retry === 'off' || this.#visit.settled || this.#tries >= maxTries) return false;
    if (this.#member!.session.state.state !== 'closed' || !isIdempotent(this.#visit.head)) return false;
    return this.#body === undefined || this.#body.untouched;
  }

  #repeat(): void {
    this.#repeated = true;
    this.#refusedBy ??= [];
    this.#refusedBy.push(this.#member!);
    this.start();
  }

  #tryAgain(reason: Reason): void {
    this.#refusedBy ??= [];
    this.#refusedBy.push(this.#member!);
    const { registry } = this.#shared;
    const allRefused = registry.pick(this.#target) && !registry.pick(this.#target, this.#refusedBy);
    if (allRefused) this.#fail(reason, 'no', '');
    else this.start();
  }

  #fail(reason: Reason, lastDelivered: Delivered, detail: string): void {
    const delivered = lastDelivered === 'no' && this.#repeated ? 'unknown' : lastDelivered;
    this.#visit.fail(reason, { delivered, ...(detail === '' ? {} : { detail: sentence(detail) }) });
  }

  readonly #onDrain = (): void => {
    const owed = this.#owed;
    this.#owed = 0;
    if (owed === 0) return;
    this.moved();
    this.#exchange?.consumed(owed);
  };
}

const lateDetails: Readonly<Record<Deadline, string>> = {
  'first-byte': 'The answer did not begin in time.',
  idle: 'Nothing moved for too long.',
  total: 'The exchange took too long.',
};

function askedBy({ asksUpgrade, head }: Visit): Asked | undefined {
  if (!asksUpgrade) return undefined;
  return asksTunnel(head) ? 'tunnel' : 'upgrade';
}

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}
