import { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { FieldsInit } from './field-lines.js';

/** A visitor's end of its connection to the gateway. */
export interface Peer {
  /** IP address, without brackets; empty where the gateway does not tell. */
  readonly address: string;
  /** TCP port; 0 where the gateway does not tell. */
  readonly port: number;
}

/**
 * A request as fetch-style handlers get it: the shape of `Request`, and `instanceof Request` holds, but every field that
 * came is in it (a browser's own `Request` drops `Cookie`, `Host`, `Origin` and more), as is any method. `url` is what the
 * visitor asked for, without the prefix that a path route removed. What a runtime's own functions ask of a
 * true one (`fetch(request)`, `new Request(request)`) they get from {@link toRequest}; on Node 20 and 22 by themselves.
 */
export interface FetchRequest extends Request {
  /** All fields as they came: names as written, in order, none joined. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /**
   * The fields after the body, once it was read to its end; none where none came. Rejects when the request is aborted;
   * never an unhandled rejection.
   */
  readonly trailers: Promise<Headers>;
  /** The body as bytes, which not every runtime's `Request` can give. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  /** A second one, whose body can be read too. Throws a TypeError when the body was read already. */
  clone(): FetchRequest;
  /**
   * A `Request` of the runtime's own, which takes the body over; in browsers it lacks the fields that those forbid.
   * A GET or HEAD has no body there.
   */
  toRequest(): Request;
}

/** Both directions of a connection after a 101. Credit holds the visitor back while {@link readable} is not read. */
export interface UpgradedStream {
  /** What the visitor sends. Cancelling it says that nothing more is wanted. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What the visitor gets. Closing it ends our side, aborting it the exchange. */
  readonly writable: WritableStream<Uint8Array>;
}

/** Settings of {@link FetchContext.upgrade}. */
export interface UpgradeOptions {
  /** The protocol agreed to, for the `Upgrade` field. Default: the first that the visitor offered. */
  readonly protocol?: string;
  /** More fields of the 101, as `Sec-WebSocket-Accept`. */
  readonly headers?: FieldsInit;
}

/** What a fetch-style handler gets beside the request. */
export interface FetchContext {
  /** Aborted, with a `ReverseHttpError`, when the visitor has left or the connection to the gateway is lost for good. The request's `signal` is the same. */
  readonly signal: AbortSignal;
  /** Who asks. */
  readonly peer: Peer;
  /** The target id that the request is for. */
  readonly target: string;
  /**
   * Sends `103 Early Hints` (RFC 8297) with these `Link` values, or with these fields. Does nothing once the answer has begun.
   */
  readonly sendEarlyHints: (hints: string | readonly string[] | FieldsInit) => void;
  /**
   * Answers `101 Switching Protocols` at once and gives the bytes both ways; what the handler returns is not looked at
   * afterwards.
   *
   * @throws ReverseHttpError `upgrade-failed` when the visitor did not ask, or the answer has begun.
   */
  readonly upgrade: (options?: UpgradeOptions) => UpgradedStream;
}

/** What a body of a {@link FetchAnswer} may be; text is sent as UTF-8. */
export type AnswerBody =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | ReadableStream<Uint8Array | string>
  | AsyncIterable<Uint8Array | string>
  | null;

/** Trailing fields: known now, soon, or when the body has ended. */
export type TrailersInit = FieldsInit | Promise<FieldsInit> | (() => FieldsInit | Promise<FieldsInit>);

/** An answer in parts: needed where `Response` says too little (in browsers it drops `Set-Cookie`; it never has trailers). */
export interface FetchAnswer {
  /** 200 to 599. Default 200. */
  readonly status?: number;
  /** Default: the usual phrase. */
  readonly statusText?: string;
  /** Fields of one connection (`Connection`, `Transfer-Encoding` ...) are left out. Default: none. */
  readonly headers?: FieldsInit;
  /** Default: none. Without a `Content-Type`, text is `text/plain;charset=UTF-8` and a Blob what it says. */
  readonly body?: AnswerBody;
  readonly trailers?: TrailersInit;
}

/** What a fetch-style handler may answer. */
export type FetchResult = Response | FetchAnswer | UpgradedStream;

/** A function that answers requests. What it throws is answered by a 500 that says nothing of it. */
export type FetchFunction = (request: FetchRequest, context: FetchContext) => FetchResult | PromiseLike<FetchResult>;

/** An object that answers requests by its `fetch`: a Hono application, or what other runtimes call a server. */
export interface FetchApplication {
  fetch(request: FetchRequest, context: FetchContext): FetchResult | PromiseLike<FetchResult>;
}

/** What may answer in the fetch style. */
export type FetchHandler = FetchFunction | FetchApplication;

/**
 * Checks that something can answer in the fetch style.
 *
 * @throws ReverseHttpError `bad-option`.
 */
export function assertFetchHandler(handler: unknown): asserts handler is FetchHandler {
  if (typeof handler === 'function' || isFetchApplication(handler)) return;
  throw new ReverseHttpError('bad-option', 'handler: give a function, or an object with a fetch method');
}

/** Whether it has a `fetch` to answer with. */
export function isFetchApplication(handler: unknown): handler is FetchApplication {
  return typeof handler === 'object' && handler !== null && 'fetch' in handler && typeof handler.fetch === 'function';
}
