import { type ClientRequestArgs, type IncomingMessage, request as sendRequest } from 'node:http';
import { type Duplex, Readable } from 'node:stream';
import type { ReadableStream as NodeStream } from 'node:stream/web';

/** A body whose length is known, or one that comes piece by piece; null: none. */
export type RequestBody = Uint8Array | ReadableStream<Uint8Array> | null;

/** Opens a connection to where a URL leads. */
export type Dial = (url: URL) => Duplex;

/**
 * A `fetch` over connections of the caller's, each for one request: what a server answers comes as it is, redirects are not
 * followed and content codings not undone. Fails like the global one: a `TypeError` with its cause, or the signal's reason.
 *
 * @param body Stands for the request's own.
 */
export async function fetchBy(dial: Dial, given: Request, body: RequestBody): Promise<Response> {
  const { signal, method } = given;
  signal.throwIfAborted();
  const url = new URL(given.url);
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const options: ClientRequestArgs = {
      method,
      host: url.hostname,
      port: url.port,
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, ...Object.fromEntries(given.headers), ...lengthOf(body) },
      createConnection: () => dial(url),
    };
    const outgoing = sendRequest(options, resolve);
    outgoing.on('error', (cause) => reject(signal.aborted ? signal.reason : new TypeError('fetch failed', { cause })));
    signal.addEventListener('abort', () => outgoing.destroy(asError(signal.reason)), { once: true });
    if (body instanceof ReadableStream) {
      const source = Readable.fromWeb(body as NodeStream);
      source.on('error', (error) => outgoing.destroy(error)).pipe(outgoing);
    } else outgoing.end(body);
  });
  return responseOf(message, signal);
}

function responseOf(message: IncomingMessage, signal: AbortSignal): Response {
  const status = message.statusCode ?? 0;
  const headers = new Headers();
  const { rawHeaders } = message;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
  signal.addEventListener('abort', () => message.destroy(asError(signal.reason)), { once: true });
  const isBodiless = status === 204 || status === 205 || status === 304;
  if (isBodiless) message.resume();
  const body = isBodiless ? null : (Readable.toWeb(message) as ReadableStream<Uint8Array>);
  return new Response(body, { status, statusText: message.statusMessage ?? '', headers });
}

function lengthOf(body: RequestBody): { readonly 'content-length'?: number } {
  return body instanceof Uint8Array ? { 'content-length': body.length } : {};
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason), { cause: reason });
}
