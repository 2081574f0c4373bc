import type { Duplex } from 'node:stream';
import { type Reason, ReverseHttpError, reasons } from '@reverse-http/protocol/errors';
import { bytesOf, Field, fieldName, fieldValue, type Head, type WrittenBody } from '@reverse-http/protocol/http1';
import type { ByteSink } from '@reverse-http/protocol/mux';
import { isHeadMethod } from '../../visit/head-method.js';
import type { FailureDetail, Peer, Visit, VisitHandler, VisitOutcome } from '../../visit/visit.js';
import { problemOf, wantsHtml } from '../http1/problem.js';
import { FetchBody } from './fetch-body.js';
import { headOfRequest } from './fetch-head.js';
import { FetchSink } from './fetch-sink.js';

const deaf: VisitHandler = { onBodyReadable() {}, onAborted() {} };

/**
 * Serves a fetch request as a visit that came over no connection. The answer is as the server gave it: redirects are not
 * followed, content codings not undone, interim heads and trailers left out. Rejects when the request's signal or its
 * body's stream ends it first.
 */
export function serveFetch(request: Request, id: string, serve: (visit: Visit) => void): Promise<Response> {
  return new Promise((resolve, reject) => {
    request.signal.throwIfAborted();
    const { head, result } = headOfRequest(request);
    const visit = new FetchVisit(request, head, id, { resolve, reject });
    if (result === 'complete') serve(visit);
    else visit.fail(result === 'incomplete' ? 'bad-request' : result, { detail: `Not sent: ${head.detail}.` });
  });
}

/** Who waits for the response. */
interface Caller {
  readonly resolve: (response: Response) => void;
  readonly reject: (error: unknown) => void;
}

/** One exchange of a program in this process. */
class FetchVisit implements Visit {
  readonly head: Head;
  readonly id: string;
  peer: Peer;
  readonly body: FetchBody | undefined;
  readonly asksUpgrade = false;
  handler: VisitHandler = deaf;
  onEnded: ((outcome: VisitOutcome) => void) | undefined;
  readonly #caller: Caller;
  /** Kept, for its signal follows the caller's only as long as the request itself is there. */
  readonly #request: Request;
  readonly #onAbort: () => void = () => this.#leave(this.#request.signal.reason);
  #sink: FetchSink | undefined;
  #status = 0;
  #ended = false;

  constructor(request: Request, head: Head, id: string, caller: Caller) {
    this.head = head;
    this.id = id;
    this.peer = { address: '127.0.0.1', port: 0, secure: request.url.startsWith('https:') };
    this.#caller = caller;
    this.#request = request;
    request.signal.addEventListener('abort', this.#onAbort);
    this.body =
      request.body === null
        ? undefined
        : new FetchBody(
            request.body,
            () => this.handler.onBodyReadable(),
            (error) => this.#onBodyFailed(error),
          );
  }

  get settled(): boolean {
    return this.#status !== 0 || this.#ended;
  }

  informational(): boolean {
    return true;
  }

  respond(head: Head, added: string, ended: boolean): ByteSink {
    const { status } = head;
    this.#status = status;
    const sink = new FetchSink(
      () => this.#over(undefined),
      () => this.#leave(undefined),
    );
    this.#sink = sink;
    const bodiless = status === 204 || status === 205 || status === 304 || isHeadMethod(this.head);
    const headers = new Headers();
    for (let i = 0; i < head.count; i++) {
      if (head.ids[i] !== Field.Dropped) headers.append(fieldName(head, i), fieldValue(head, i));
    }
    appendLines(headers, added);
    this.#caller.resolve(new Response(bodiless ? null : sink.stream, { status, headers }));
    if (ended) sink.end();
    return sink;
  }

  upgrade(): ByteSink {
    throw new Error('not asked for'); // asksUpgrade is false.
  }

  fail(reason: Reason, failure: FailureDetail = {}): void {
    if (this.#ended) return;
    if (this.#status !== 0) return this.abort(reason);
    const { status, fields, body } = problemOf(reason, this.id, failure, wantsHtml(this.head));
    this.#answer(status, fields, body, reason);
  }

  answer(status: number, fields: string, body: string | WrittenBody): void {
    if (!this.settled) this.#answer(status, fields, typeof body === 'string' ? body : bytesOf(body), undefined);
  }

  limitBody(maxBytes: number): boolean {
    if (this.body) this.body.maxBytes = maxBytes;
    return this.head.contentLength <= maxBytes;
  }

  stopReading(): void {
    this.body?.cancel();
  }

  abort(reason: Reason): void {
    if (this.#ended) return;
    this.#over(reason);
    this.#break(new ReverseHttpError(reason, `The answer broke off: ${reasons[reason].title}.`));
  }

  takeSocket(): { readonly socket: Duplex; readonly head: Uint8Array } {
    throw new Error('there is no socket');
  }

  #answer(status: number, fields: string, body: string | Uint8Array<ArrayBuffer>, reason: Reason | undefined): void {
    this.#status = status;
    const headers = new Headers();
    appendLines(headers, fields);
    const empty = status === 204 || isHeadMethod(this.head);
    this.#caller.resolve(new Response(empty ? null : body, { status, headers }));
    this.stopReading();
    this.#over(reason);
  }

  #onBodyFailed(error: unknown): void {
    if (!(error instanceof ReverseHttpError) || error.code !== 'body-too-large') return this.#leave(error);
    if (this.#ended) return;
    this.fail('body-too-large', { detail: error.message, delivered: 'unknown' });
    this.handler.onAborted('body-too-large', error.message);
  }

  /** The caller has lost interest, or its body broke. */
  #leave(error: unknown): void {
    if (this.#ended) return;
    this.#over('visitor-gone');
    this.#break(error);
    this.stopReading();
    this.handler.onAborted('visitor-gone', 'the caller left');
  }

  #break(error: unknown): void {
    if (this.#sink) this.#sink.fail(error);
    else this.#caller.reject(error);
  }

  #over(reason: Reason | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#request.signal.removeEventListener('abort', this.#onAbort);
    const bytesIn = this.body?.taken ?? 0;
    const bytesOut = this.#sink?.written ?? 0;
    this.handler.onEnded?.(bytesIn, bytesOut);
    this.onEnded?.({ status: this.#status, reason, bytesIn, bytesOut });
  }
}

/** Adds field lines as `Allow: GET\r\n`. */
function appendLines(headers: Headers, lines: string): void {
  for (const line of lines.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
}
