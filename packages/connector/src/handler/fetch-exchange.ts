import { type Reason, ReverseHttpError } from '@reverse-http/protocol/errors';
import type { AcceptedExchange, RequestHandler } from '@reverse-http/protocol/exchange';
import { type Head, latin1 } from '@reverse-http/protocol/http1';
import { answerOf } from './answer.js';
import { continueHead, encodeHead } from './answer-head.js';
import { AnswerSender, type AnswerSenderOwner } from './answer-sender.js';
import { ExchangeContext, type ExchangeContextOwner } from './exchange-context.js';
import type { UpgradedStream, UpgradeOptions } from './fetch-handler.js';
import type { FetchHost } from './fetch-host.js';
import { FieldLines, type FieldsInit } from './field-lines.js';
import { IncomingBody, type IncomingBodyOwner } from './incoming-body.js';
import { IncomingRequest, type IncomingRequestOwner } from './incoming-request.js';
import { headersOf, parseFields, ReceivedHead } from './received-head.js';
import { createUpgradedStream, type UpgradedBytes, type UpgradedStreamOwner } from './upgraded-stream.js';

/** Where the answer stands. */
type Answering =
  | { readonly state: 'handling' }
  | { readonly state: 'answering'; readonly sender: AnswerSender }
  | { readonly state: 'upgraded'; readonly bytes: UpgradedBytes }
  /** All of it was taken by the pipe. */
  | { readonly state: 'answered' }
  /** Nothing more comes or goes. */
  | { readonly state: 'over' };

const protocolName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/;

/** One exchange answered by a fetch-style handler. */
export class FetchExchange
  implements
    RequestHandler,
    IncomingBodyOwner,
    IncomingRequestOwner,
    ExchangeContextOwner,
    AnswerSenderOwner,
    UpgradedStreamOwner
{
  head!: ReceivedHead;
  readonly #exchange: AcceptedExchange;
  readonly #host: FetchHost;
  #request: IncomingRequest | undefined;
  #incoming: IncomingBody | undefined;
  #answering: Answering = { state: 'handling' };
  #asksUpgrade = false;
  /** The visitor waits for a `100 Continue` before it sends the body. */
  #expects = false;
  /** The request is whole, or the rest of it not wanted. */
  #read = false;
  #trailers: string | undefined;
  #trailersKnown: ((trailers: Headers | Promise<never>) => void) | undefined;
  #controller: AbortController | undefined;
  #abortReason: ReverseHttpError | undefined;

  constructor(exchange: AcceptedExchange, host: FetchHost) {
    this.#exchange = exchange;
    this.#host = host;
  }

  get defaultTarget(): string {
    return this.#host.target;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#abortReason) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  get trailers(): Promise<Headers> {
    const trailers = new Promise<Headers>((resolve) => {
      if (this.#read || this.#abortReason) resolve(this.#knownTrailers());
      else this.#trailersKnown = chained(this.#trailersKnown, resolve);
    });
    trailers.catch(() => {});
    return trailers;
  }

  onRequest(head: Head, ended: boolean): void {
    this.#host.onBegun();
    const received = new ReceivedHead(head);
    this.head = received;
    if (received.method === 'CONNECT') return this.#refuseTunnel(ended);
    const origin = this.#host.originOf(received.scheme, received.authority);
    if (origin === undefined) {
      this.#exchange.abort('bad-request', 'a request that has no URL');
      return this.#leave(undefined);
    }
    this.#read = ended;
    this.#asksUpgrade = head.upgrade && head.contentLength <= 0;
    this.#expects = head.expectContinue && !ended;
    if (!ended) this.#incoming = new IncomingBody(this);
    this.#request = new IncomingRequest(received, origin, this, this.#asksUpgrade ? undefined : this.#incoming);
    this.#call(this.#request);
  }

  onBody(bytes: Uint8Array): void {
    this.#incoming?.add(bytes);
  }

  onEnd(trailers: Uint8Array | undefined): void {
    this.#read = true;
    if (trailers) this.#trailers = latin1(trailers, 0, trailers.length);
    this.#trailersKnown?.(this.#knownTrailers());
    this.#incoming?.end();
    this.#settle();
  }

  onAborted(reason: Reason, detail: string): void {
    const message = reason === 'visitor-gone' ? 'the visitor has left' : `the exchange broke off: ${detail || reason}`;
    const error = new ReverseHttpError(reason, message);
    this.#abortReason = error;
    this.#leave(error);
    this.#controller?.abort(error);
  }

  consumed(bytes: number): void {
    this.#exchange.consumed(bytes);
  }

  wake(): void {
    this.#exchange.wake();
  }

  onWanted(): void {
    if (!this.#expects || this.#answering.state !== 'handling') return;
    this.#expects = false;
    this.#exchange.sendInterim(continueHead);
  }

  stopReading(): void {
    if (this.#read) return;
    this.#read = true;
    this.#exchange.stopReading();
    this.#trailersKnown?.(this.#knownTrailers());
    this.#settle();
  }

  sendEarlyHints(hints: string | readonly string[] | FieldsInit): void {
    if (this.#answering.state !== 'handling') return;
    const lines = new FieldLines();
    if (typeof hints === 'string') lines.add('Link', hints);
    else if (isLinks(hints)) for (const link of hints) lines.add('Link', link);
    else lines.addAll(hints);
    if (lines.text !== '') this.#exchange.sendInterim(encodeHead(this.#host.slab, 103, '', lines.text));
  }

  upgrade({ protocol = this.#offeredProtocol(), headers }: UpgradeOptions): UpgradedStream {
    const incoming = this.#incoming;
    if (!this.#asksUpgrade || !incoming) throw upgradeFailed('the visitor did not ask for an upgrade');
    if (this.#answering.state !== 'handling') throw upgradeFailed('the answer has begun, or the visitor has left');
    if (!protocolName.test(protocol)) throw upgradeFailed(`"${protocol}" is not the name of a protocol`);
    const lines = new FieldLines();
    if (headers) lines.addAll(headers);
    const head = encodeHead(this.#host.slab, 101, '', `Upgrade: ${protocol}\r\n${lines.text}`);
    const bytes = createUpgradedStream(incoming, this);
    this.#answering = { state: 'upgraded', bytes };
    this.#exchange.sendHead(head, false);
    this.#exchange.sendBody(bytes.outgoing);
    return bytes.stream;
  }

  onAnswered(): void {
    if (this.#answering.state === 'over') return;
    const upgraded = this.#answering.state === 'upgraded';
    this.#answering = { state: 'answered' };
    if (!this.#read && !upgraded) this.#passOver();
    this.#settle();
  }

  onAnswerFailed(error: unknown): void {
    this.#fail(error);
  }

  onWritableAborted(reason: unknown): void {
    if (this.#answering.state !== 'upgraded') return;
    this.#exchange.abort('connector-lost', 'the handler gave up');
    this.#leave(reason ?? new ReverseHttpError('aborted', 'the writable side was aborted'));
  }

  /** Such a request has no URL to make a `Request` of (RFC 9110, section 9.3.6). */
  #refuseTunnel(ended: boolean): void {
    this.#exchange.sendHead(encodeHead(this.#host.slab, 501, '', 'Content-Length: 0\r\n'), true);
    if (!ended) this.#exchange.stopReading();
    this.#leave(undefined);
  }

  #call(request: IncomingRequest): void {
    try {
      const result = this.#host.call(request, new ExchangeContext(this));
      if (isThenable(result)) {
        result.then(
          (answer) => this.#onResult(answer),
          (error: unknown) => this.#fail(error),
        );
      } else this.#onResult(result);
    } catch (error) {
      this.#fail(error);
    }
  }

  #onResult(result: unknown): void {
    const { state } = this.#answering;
    if (state === 'upgraded' || state === 'answered') return;
    if (state === 'over') return drop(result, this.#abortReason);
    try {
      const sender = new AnswerSender(this.#exchange, this.#host, this, answerOf(result));
      this.#answering = { state: 'answering', sender };
      sender.send(this.head.method === 'HEAD');
    } catch (error) {
      drop(result, error);
      this.#fail(error);
    }
  }

  /** The handler threw, or gave what cannot be sent. That it could not go on without its visitor is no failure. */
  #fail(error: unknown): void {
    if (!isBecauseOf(error, this.#abortReason)) this.#host.onFailure(error, this.#request);
    const { state } = this.#answering;
    if (state === 'over' || state === 'answered') return;
    this.#exchange.abort('handler-failed');
    this.#leave(error);
  }

  /** Nobody reads the rest of a body that the handler did not look at before its answer was through. */
  #passOver(): void {
    const incoming = this.#incoming!;
    if (this.#asksUpgrade || (this.#expects && !incoming.touched)) this.stopReading();
    else if (!incoming.touched) incoming.discard();
  }

  /** Both sides are through. */
  #settle(): void {
    if (this.#read && this.#answering.state === 'answered') this.#leave(undefined);
  }

  #leave(error: unknown): void {
    const answering = this.#answering;
    if (answering.state === 'over') return;
    this.#answering = { state: 'over' };
    if (error !== undefined) {
      this.#incoming?.fail(error);
      if (!this.#read) this.#trailersKnown?.(Promise.reject(error));
    }
    if (answering.state === 'answering') answering.sender.cancel(error);
    else if (answering.state === 'upgraded') answering.bytes.fail(error);
    this.#host.onDone();
  }

  #knownTrailers(): Headers | Promise<never> {
    if (this.#abortReason) return Promise.reject(this.#abortReason);
    return headersOf(parseFields(this.#trailers ?? ''));
  }

  #offeredProtocol(): string {
    return this.head.field('upgrade')?.split(',')[0]?.trim() ?? '';
  }
}

/** A handler may ask for the trailers more than once. */
function chained<T>(first: ((value: T) => void) | undefined, second: (value: T) => void): (value: T) => void {
  if (!first) return second;
  return (value) => {
    first(value);
    second(value);
  };
}

function isLinks(hints: readonly string[] | FieldsInit): hints is readonly string[] {
  return Array.isArray(hints) && hints.every((hint) => typeof hint === 'string');
}

function upgradeFailed(detail: string): ReverseHttpError {
  return new ReverseHttpError('upgrade-failed', detail);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** What a handler waited for with the signal rejects with its reason, or with an `AbortError` of that cause. */
function isBecauseOf(error: unknown, reason: ReverseHttpError | undefined): boolean {
  if (reason === undefined) return false;
  return error === reason || (error instanceof Error && error.cause === reason);
}

/** An answer that comes too late, or cannot be sent: its body is told. */
function drop(result: unknown, reason: unknown): void {
  const { body } = (result ?? {}) as { body?: { cancel?: (reason: unknown) => unknown } | null };
  if (typeof body?.cancel === 'function') new Promise((resolve) => resolve(body.cancel?.(reason))).catch(() => {});
}
