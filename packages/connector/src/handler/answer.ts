import { encodeText, type PieceSource } from './body-pump.js';
import { copyOf } from './copy-of.js';
import type { AnswerBody, FetchAnswer, TrailersInit } from './fetch-handler.js';
import { FieldLines, refused } from './field-lines.js';

/** What a handler answered, checked and taken apart. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly fields: FieldLines;
  /** The body where it is at hand; else {@link source} gives it, or there is none. */
  readonly bytes: Uint8Array | undefined;
  readonly source: PieceSource | undefined;
  readonly trailers: TrailersInit | undefined;
}

const notInReason = /[^\t\x20-\x7e\x80-\xff]/;
/** What a runtime's `fetch` has undone before anybody reads the body. */
const undone = /^(?:(?:x-)?gzip|deflate|br)$/i;

/**
 * Takes the result of a handler apart.
 *
 * @throws ReverseHttpError `handler-failed` for what is no answer.
 */
export function answerOf(result: unknown): Answer {
  if (typeof result !== 'object' || result === null) {
    throw refused(`it is ${result === null ? 'null' : typeof result}, not a Response or { status, headers, body }`);
  }
  return isResponse(result) ? answerOfResponse(result) : answerOfParts(result as FetchAnswer);
}

function answerOfResponse(response: Response): Answer {
  const { body } = response;
  if (response.bodyUsed || body?.locked) throw refused('the body of the Response was read already');
  const fields = new FieldLines();
  fields.addAll(isDecoded(response) ? withoutCoding(response.headers) : response.headers);
  const source = body ? body.getReader() : undefined;
  const bytes = body ? undefined : noBytes;
  const { status, statusText } = response;
  return { status: checkStatus(status), reason: checkReason(statusText), fields, bytes, source, trailers: undefined };
}

function answerOfParts({ status = 200, statusText = '', headers, body = null, trailers }: FetchAnswer): Answer {
  checkStatus(status);
  const fields = new FieldLines();
  if (headers) fields.addAll(headers);
  const reason = checkReason(statusText);
  const bytes = bytesOf(body);
  if (typeof body === 'string' && !fields.hasContentType) fields.add('Content-Type', 'text/plain;charset=UTF-8');
  if (isBlob(body) && body.type !== '' && !fields.hasContentType) fields.add('Content-Type', body.type);
  return { status, reason, fields, bytes, source: bytes ? undefined : sourceOf(body), trailers };
}

const noBytes: Uint8Array = new Uint8Array(0);

/** Bytes are copied: they stay the handler's, who may change them. */
function bytesOf(body: AnswerBody): Uint8Array | undefined {
  if (body === null) return noBytes;
  if (typeof body === 'string') return encodeText(body);
  if (body instanceof Uint8Array) return copyOf(body);
  return body instanceof ArrayBuffer ? new Uint8Array(body.slice(0)) : undefined;
}

function sourceOf(body: AnswerBody): PieceSource {
  if (isBlob(body)) return body.stream().getReader();
  if (typeof body === 'object' && body !== null) {
    if ('getReader' in body) {
      if (body.locked) throw refused('the body is a stream that somebody reads already');
      return body.getReader();
    }
    if (Symbol.asyncIterator in body) return sourceOfIterable(body);
  }
  throw refused(`the body is ${typeof body}, not text, bytes, a Blob, a stream or an async iterable`);
}

/** An iterable may use its buffer again for the next piece, so each is copied. */
function sourceOfIterable(iterable: AsyncIterable<unknown>): PieceSource {
  const iterator = iterable[Symbol.asyncIterator]();
  return {
    async read() {
      const { done, value } = await iterator.next();
      return { done: done ?? false, value: value instanceof Uint8Array ? copyOf(value) : value };
    },
    cancel: (reason) => iterator.return?.(reason),
  };
}

/** A `Response` of another realm or library counts too. */
function isResponse(result: object): result is Response {
  if (typeof Response === 'function' && result instanceof Response) return true;
  const { arrayBuffer, headers } = result as Partial<Response>;
  return typeof arrayBuffer === 'function' && typeof headers?.forEach === 'function';
}

function isBlob(body: unknown): body is Blob {
  return typeof Blob === 'function' && body instanceof Blob;
}

function checkStatus(status: number): number {
  if (Number.isInteger(status) && status >= 200 && status <= 599) return status;
  if (status === 101) throw refused('a 101 is answered by upgrade()');
  if (status === 103) throw refused('a 103 is sent by sendEarlyHints()');
  throw refused(`the status is ${String(status)}, not a number from 200 to 599`);
}

function checkReason(reason: string): string {
  if (notInReason.test(reason)) throw refused('statusText has a character that it cannot carry');
  return reason;
}

/**
 * Whether it came from `fetch`, which has undone the coding of the body that the fields still speak of. Of another origin's
 * answer a browser shows the length alone.
 */
function isDecoded({ url, type, headers }: Response): boolean {
  if (url === '' || url === undefined) return false;
  return type === 'cors' || undone.test(headers.get('content-encoding') ?? '');
}

function withoutCoding(headers: Headers): Headers {
  const rest = new Headers(headers);
  rest.delete('content-encoding');
  rest.delete('content-length');
  return rest;
}
