import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ReverseHttpError } from '@reverse-http/protocol/errors';
import { type AcceptedExchange, exchangeHeadLimits, type RequestHandler } from '@reverse-http/protocol/exchange';
import { Field, findField, type Head, scanTrailers } from '@reverse-http/protocol/http1';
import { Answer, type AnswerOwner } from './answer.js';
import { RequestBody } from './request-body.js';
import { fillRequest, fillTrailers, headText } from './request-head.js';
import { createResponse, publishFinish, publishStart, type ServerHost } from './server-host.js';
import { type SinkOwner, SinkSocket } from './sink-socket.js';
import { askedOf, UpgradeExchange } from './upgrade-exchange.js';

/** So much of a body that the handler did not look at is read all the same, so that short ones end well. */
const discardedBytes = 64 * 1024;

/** What Node's server does to a response that is through, besides what the declarations know. */
interface ClosableResponse {
  destroyed: boolean;
  _closed: boolean;
  /** `Connection: close` was said, or the body ends with the connection. */
  readonly _last?: boolean;
  readonly closed?: boolean;
}

/**
 * One exchange served by real `http.IncomingMessage` and `http.ServerResponse` objects on a sink socket. An async
 * resource of its own, so that `AsyncLocalStorage.enterWith()` in one handler is not seen by the next.
 */
export class ServerExchange extends AsyncResource implements RequestHandler, AnswerOwner, SinkOwner {
  isHead = false;
  readonly asks = undefined;
  request: IncomingMessage | undefined;
  readonly #exchange: AcceptedExchange;
  readonly #host: ServerHost;
  #response!: ServerResponse;
  #sink!: SinkSocket;
  #answer!: Answer;
  #body: RequestBody | undefined;
  /** The request has no body. */
  #ended = false;
  /** The request is whole. */
  #read = false;
  /** The answer was taken by the pipe, with its end. */
  #answered = false;
  /** The handler has ended the response, which may be later than the answer is whole by its length. */
  #finished = false;
  /** The handler showed no interest in the body before its answer was through. */
  #dumped = false;
  #discardable = discardedBytes;
  #over = false;

  constructor(exchange: AcceptedExchange, host: ServerHost) {
    super('REVERSEHTTPREQUEST');
    this.#exchange = exchange;
    this.#host = host;
  }

  get answerHead(): Head {
    return this.#host.answerHead;
  }

  get received(): number {
    return this.#body?.received ?? 0;
  }

  onRequest(head: Head, ended: boolean): void {
    const { server } = this.#host;
    if (this.#host.virtual || (head.upgrade && askedOf(server, head) !== undefined)) {
      this.#exchange.handler = new UpgradeExchange(this.#exchange, this.#host);
      this.#exchange.handler.onRequest(head, ended);
      return;
    }
    this.#host.onBegun();
    const text = headText(head);
    const metadata = text.slice(head.metadataStart, head.metadataEnd);
    this.#answer = new Answer(this.#exchange, this);
    this.#sink = new SinkSocket(metadata, server, this, this.#answer);
    this.#ended = ended;
    this.#enter(this.#start, head, text);
    if (ended) this.onEnd(undefined);
  }

  onBody(bytes: Uint8Array): void {
    this.#sink.touch();
    if (this.#dumped) this.#discard(bytes.length);
    else this.#enter(this.#add, bytes);
  }

  onEnd(trailers: Uint8Array | undefined): void {
    this.#read = true;
    this.#enter(this.#end, trailers);
    this.#settle();
  }

  onAborted(): void {
    this.#enter(this.#destroy);
  }

  onWanted(): void {
    if (!this.#body) return;
    this.#body.onWanted();
    this.#settle();
  }

  inContext(step: () => void): void {
    this.#enter(step);
  }

  onDrained(): void {
    const response = this.#response as ServerResponse & Record<symbol, unknown>;
    const { needDrain } = this.#host;
    if (!response.writableEnded && !response.destroyed) {
      if (needDrain) response[needDrain] = false;
      response.emit('drain');
    }
    this.#sink.emit('drain');
  }

  onAllTaken(): void {
    this.#answered = true;
    this.#settle();
  }

  onFault(detail: string): void {
    this.#host.onFailure(
      new ReverseHttpError('bad-answer', `the handler's answer is no good: ${detail}`),
      this.request,
    );
    this.#enter(this.#destroy);
  }

  onUpgraded(): void {}

  onSinkDestroyed(): boolean {
    if (this.#over) return false;
    this.#sink.prependListener('close', onSinkClosed);
    // What was written before is on its way, as with a real socket; only the request ends.
    if (this.#answer.complete) this.#stopReading();
    else {
      this.#exchange.abort('bad-answer', 'the handler closed the connection');
      this.#leave();
    }
    return true;
  }

  /** The sink that the handler destroyed has closed. */
  onSinkClosed(): void {
    if (!this.request?.complete || !this.#answer.complete) this.#destroyRequest();
  }

  /** The handler threw, or its promise was rejected. */
  fail(error: unknown): void {
    this.#host.onFailure(error, this.request);
    if (this.#over || this.#answer.complete) return;
    this.#exchange.abort('handler-failed');
    this.#enter(this.#destroy);
  }

  /** Called for the response's `finish`. */
  onFinished(): void {
    const request = this.request!;
    publishFinish(this.#host.server, request, this.#response);
    this.#finished = true;
    if (!this.#answer.over) this.#answer.finish();
    if (this.#over) return;
    // The handler never looked at the body: nobody will.
    if (request.readableFlowing === null && !request.readableDidRead) {
      this.#dumped = !this.#read;
      this.#body?.drop();
      request.resume();
    }
    // A time that was set is over with the answer, though the rest of a body may still come.
    if (this.#sink.timeout) this.#sink.setTimeout(0);
    this.#response.detachSocket(this.#sink as never);
    process.nextTick(closeResponse, this.#response);
    if ((this.#response as unknown as ClosableResponse)._last) this.#sink.destroy();
    else this.#settle();
  }

  /** Runs one of the steps below in this exchange's own async context; what a handler throws ends this exchange alone. */
  #enter<A extends unknown[]>(step: (...args: A) => void, ...args: A): void {
    try {
      this.runInAsyncScope(step, this, ...args);
    } catch (error) {
      this.fail(error);
    }
  }

  #start(head: Head, text: string): void {
    const { server, classes } = this.#host;
    const request = new classes.Request(this.#sink as never);
    this.request = request;
    fillRequest(request, head, text);
    this.isHead = request.method === 'HEAD';
    if (!this.#ended) this.#body = new RequestBody(request, this.#exchange);
    const response = createResponse(this.#host, request);
    this.#response = response;
    publishStart(server, request, response);
    response.assignSocket(this.#sink as never);
    response.on('finish', onFinish);
    if (findField(head, Field.Expect) < 0) server.emit('request', request, response);
    else if (server.listenerCount('checkContinue') > 0) server.emit('checkContinue', request, response);
    else {
      response.writeContinue();
      server.emit('request', request, response);
    }
  }

  #add(bytes: Uint8Array): void {
    this.#body?.add(bytes);
  }

  #end(trailers: Uint8Array | undefined): void {
    const { request } = this;
    if (!request) return;
    request.complete = true;
    if (trailers) {
      const head = this.#host.trailerHead;
      if (scanTrailers(head, trailers, 0, trailers.length, exchangeHeadLimits) === 'complete')
        fillTrailers(request, head);
    }
    if (this.#body) this.#body.end();
    else if (!request.destroyed) request.push(null);
  }

  /** Bytes that nobody reads: a few are passed over, as a real server does, more are refused. */
  #discard(bytes: number): void {
    this.#discardable -= bytes;
    if (this.#discardable >= 0) return this.#exchange.consumed(bytes);
    this.#stopReading();
    this.#enter(this.#destroyRequest);
  }

  #stopReading(): void {
    if (!this.#read) this.#exchange.stopReading();
    this.#read = true;
    this.#body?.drop();
    this.#settle();
  }

  /** As when the connection of a real socket breaks: `aborted`, `error` and `close` on the request, `close` on the response. */
  #destroy(): void {
    if (this.#over) return;
    this.#leave();
    this.#destroyRequest();
  }

  #destroyRequest(): void {
    const { request } = this;
    if (!request || (request.readableEnded && request.complete)) return;
    request.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
  }

  /** Both sides are through: the sink has served once the request needs it no more to ask for its body. */
  #settle(): void {
    if (this.#read && this.#answered && this.#finished && (this.#body === undefined || this.#body.delivered))
      this.#leave();
  }

  #leave(): void {
    if (this.#over) return;
    this.#over = true;
    this.#body?.drop();
    if (!this.#answered) {
      this.#answer.drop();
      this.#sink._hadError = true;
      this.#answer.abandon();
    }
    this.#sink.destroy();
    this.#host.onDone();
  }
}

/** Finds the exchange of a response without a closure for each. */
function onFinish(this: ServerResponse): void {
  if (this.socket instanceof SinkSocket) (this.socket.owner as ServerExchange).onFinished();
}

function onSinkClosed(this: SinkSocket): void {
  (this.owner as ServerExchange).onSinkClosed();
}

function closeResponse(response: ServerResponse): void {
  const closable = response as unknown as ClosableResponse;
  if (closable.closed) return;
  closable.destroyed = true;
  closable._closed = true;
  response.emit('close');
}
