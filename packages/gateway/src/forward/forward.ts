import type { Reason } from '@reverse-http/protocol/errors';
import { type AnswerHandler, type Delivered, OpenedExchange } from '@reverse-http/protocol/exchange';
import { Head } from '@reverse-http/protocol/http1';
import type { ByteSink, HeadSource } from '@reverse-http/protocol/mux';
import type { RouteMatch } from '../routing/route.js';
import type { Hold, Waiting } from '../targets/hold.js';
import { isFull, type Member } from '../targets/member.js';
import type { Registry, Target } from '../targets/registry.js';
import { isHeadMethod } from '../visit/head-method.js';
import type { Peer, Visit, VisitHandler } from '../visit/visit.js';
import { type AnswerHeads, createAnswerHeads } from './answer-head.js';
import { KeptBody } from './kept-body.js';
import { mergeVary } from './merge-vary.js';
import type { RequestHeads } from './request-head.js';

/** What forwarding needs of the gateway. */
export interface ForwardServices {
  readonly registry: Registry;
  readonly hold: Hold;
  readonly requestHeads: RequestHeads;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Hands visits to connectors. */
export interface Forwarder {
  forward(visit: Visit, match: RouteMatch, target: Target): void;
}

interface Shared extends ForwardServices {
  readonly answerHeads: AnswerHeads;
  /** Scratch for the heads of answers. */
  readonly scratch: Head;
}

/** A refused request is tried with this many connectors at most. */
const maxTries = 4;

/** Makes a {@link Forwarder}. */
export function createForwarder(services: ForwardServices): Forwarder {
  const shared: Shared = { ...services, answerHeads: createAnswerHeads(services.now), scratch: new Head() };
  return {
    forward(visit, match, target) {
      if (shared.requestHeads.isLoop(visit.head)) return visit.fail('loop');
      shared.requestHeads.prepare(visit, match);
      new Forwarding(shared, visit, match, target).start();
    },
  };
}

/** One visit on its way through a connector and back. */
class Forwarding implements AnswerHandler, HeadSource, VisitHandler, Waiting {
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
  /** When it began to wait for a connector; see {@link Waiting}. */
  waitingSince: number | undefined;

  constructor(shared: Shared, visit: Visit, match: RouteMatch, target: Target) {
    this.#shared = shared;
    this.#visit = visit;
    this.#match = match;
    this.#target = target;
    this.#body = visit.body && new KeptBody(visit.body);
    visit.handler = this;
  }

  get peer(): Peer {
    return this.#visit.peer;
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
    const member = this.#shared.registry.pick(this.#target, this.#refusedBy);
    if (member) this.#open(member);
    else if (members.some(isFull)) this.#visit.fail('overloaded', { detail: 'The connector is busy.' });
    else this.#wait();
  }

  onAvailable(): void {
    this.#stopWaiting = undefined;
    this.start();
  }

  onExpired(reason: Reason, waitedMs: number): void {
    this.#stopWaiting = undefined;
    this.#visit.fail(reason, {
      detail: `Target "${this.#target.id}" has no connector; waited ${(waitedMs / 1000).toFixed(1)} s.`,
    });
  }

  onBodyReadable(): void {
    this.#exchange?.wake();
  }

  onAborted(reason: Reason, detail: string): void {
    this.#stopWaiting?.();
    this.#exchange?.abort(reason, detail);
  }

  onInterim(head: Head): boolean {
    this.#body?.forget();
    const { end } = head;
    if (this.#visit.informational(head)) return true;
    this.#owed += end;
    return false;
  }

  onWritable(): void {
    this.#onDrain();
  }

  onAnswer(head: Head, ended: boolean): void {
    this.#body?.forget();
    const { vary } = this.#match;
    const lines = this.#shared.answerHeads.prepare(head);
    const added = vary === undefined ? lines : lines + mergeVary(head, vary);
    this.#sink = this.#visit.respond(head, added, ended);
    this.#sink.onDrain = this.#onDrain;
  }

  onUpgrade(head: Head): void {
    this.#body?.forget();
    this.#sink = this.#visit.upgrade(head, '');
    this.#sink.onDrain = this.#onDrain;
    this.#exchange?.wake();
  }

  onBody(bytes: Uint8Array): void {
    if (this.#sink!.write(bytes)) this.#exchange!.consumed(bytes.length);
    else this.#owed += bytes.length;
  }

  onEnd(trailers: Uint8Array | undefined): void {
    this.#sink!.end(trailers);
  }

  onStopReading(): void {
    this.#visit.stopReading();
  }

  onFailed(reason: Reason, detail: string): void {
    const exchange = this.#exchange!;
    this.#exchange = undefined;
    const { delivered } = exchange;
    if (delivered === 'no' && this.#mayTryAgain()) return this.#tryAgain(reason);
    // To stop reading is no answer: before one it is a fault, like any other.
    this.#fail(reason === 'visitor-gone' ? 'bad-answer' : reason, delivered, detail);
  }

  onEnded(bytesIn: number, bytesOut: number): void {
    if (this.#member) this.#target.traffic.end(bytesIn, bytesOut);
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
    const request = { isHead: isHeadMethod(visit.head), asksUpgrade: visit.asksUpgrade };
    const exchange = OpenedExchange.open(session.mux, request, this, this.#shared.scratch);
    if (!exchange) return visit.fail('overloaded');
    this.#exchange = exchange;
    this.#namesTarget = targets.length > 1;
    exchange.send(this, this.#body);
  }

  #wait(): void {
    const waits = this.#shared.hold.wait(this.#target, this);
    if (typeof waits === 'function') this.#stopWaiting = waits;
    else this.#visit.fail(waits, { detail: `Target "${this.#target.id}" has no connector.` });
  }

  /** Whether the request can be sent once more; only what surely never reached a handler may be. */
  #mayTryAgain(): boolean {
    if (this.#visit.settled || this.#tries >= maxTries) return false;
    return this.#body === undefined || this.#body.rewind();
  }

  #tryAgain(reason: Reason): void {
    this.#refusedBy ??= [];
    this.#refusedBy.push(this.#member!);
    const { registry } = this.#shared;
    const allRefused = registry.pick(this.#target) && !registry.pick(this.#target, this.#refusedBy);
    if (allRefused) this.#fail(reason, 'no', '');
    else this.start();
  }

  #fail(reason: Reason, delivered: Delivered, detail: string): void {
    this.#visit.fail(reason, { delivered, ...(detail === '' ? {} : { detail: sentence(detail) }) });
  }

  readonly #onDrain = (): void => {
    const owed = this.#owed;
    this.#owed = 0;
    if (owed > 0) this.#exchange?.consumed(owed);
  };
}

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}
