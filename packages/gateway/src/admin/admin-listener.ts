import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { digest } from '../credentials/token.js';
import { type AdminAnswer, answerForError, problemAnswer } from './admin-answer.js';
import { type AdminOptions, resolveAdminOptions } from './admin-options.js';
import { matchAdminRoute } from './admin-route.js';
import { adminRoutes } from './admin-routes.js';
import { createAllowedHosts } from './allowed-hosts.js';
import { createEventStreams, type EventStreamsOptions } from './event-streams.js';
import type { AdminOperations } from './operations.js';
import { readJson } from './read-json.js';

/** Settings of {@link createAdminListener}. */
export interface AdminListenerOptions extends AdminOptions {
  readonly operations: AdminOperations;
  /** Hears what `operations` and `metrics` threw; who asked gets 500. Default: `console.error`. */
  readonly onError?: (error: unknown) => void;
  /** Bounds of the event streams. */
  readonly events?: Omit<EventStreamsOptions, 'subscribe'>;
}

/** The operator's listener. */
export interface AdminListener {
  /** Listens; resolves with the URL, as `http://127.0.0.1:8081`. Rejects with Node's own error when it cannot. */
  listen(): Promise<string>;
  /** Ends the event streams, stops accepting and gives answers a second. Idempotent. */
  close(): Promise<void>;
  /** What has to be shown as `Authorization: Bearer`. */
  readonly token: string;
  /** Lets the process end although it listens. */
  unref(): void;
}

/** Connections at a time; more are closed at once. */
const maxConnections = 256;
/** A request has to be here whole after this, ms, or its connection ends. */
const requestMs = 30_000;
/** Answers that are on their way get this long when the listener closes, ms. */
const graceMs = 1000;

/**
 * Makes the operator's listener: health, lists, tokens, events, metrics. Plain `node:http`, because nothing here is hot.
 * It checks `Host` before all else, sets no cookie and allows no other origin anything (no CORS): a web page cannot use it.
 *
 * @throws ReverseHttpError `bad-option`
 */
export function createAdminListener(options: AdminListenerOptions): AdminListener {
  const { operations } = options;
  const { host, port, token, hosts, metrics } = resolveAdminOptions(options);
  const onError = tolerant(options.onError ?? ((error) => console.error(error)));
  const streams = createEventStreams({ ...options.events, subscribe: (listener) => operations.subscribe(listener) });
  const routes = adminRoutes({ operations, streams, metrics, onError });
  const isAllowedHost = createAllowedHosts([...hosts, host]);
  const tokenDigest = digest(token);
  const server = createServer({ requestTimeout: requestMs, headersTimeout: 10_000, keepAliveTimeout: 5000 });
  server.maxConnections = maxConnections;
  server.on('request', (request, response) => void serve(request, response));
  let closed: Promise<void> | undefined;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answer = await answerTo(request).catch(answerForError);
      if (answer.kind === 'stream' && request.method !== 'HEAD') answer.start(response);
      else send(request, response, answer);
    } catch (error) {
      onError(error);
      if (response.headersSent) response.destroy();
      else send(request, response, problemAnswer('failed', 'The gateway failed to answer; its log says why.'));
    }
  }

  async function answerTo(request: IncomingMessage): Promise<AdminAnswer> {
    const { authority, path, search } = targetOf(request);
    if (!isAllowedHost(authority, request.socket.localAddress)) return problemAnswer('wrong-host', wrongHost);
    const match = matchAdminRoute(routes, request.method ?? '', path);
    if (!match?.open && !isOperator(request)) {
      return problemAnswer('unauthorized', 'The admin token is wanted here.', { 'WWW-Authenticate': 'Bearer' });
    }
    if (!match)
      return problemAnswer('not-found', 'There is no such path; /api/v1/openapi.json tells those that there are.');
    if (!match.route) {
      const allow = match.methods.join(', ');
      return problemAnswer('method-not-allowed', `Allowed here: ${allow}.`, { Allow: allow });
    }
    const query = new URLSearchParams(search);
    return match.route.handle({ id: match.id, query, json: (members) => readJson(request, members) });
  }

  function isOperator({ headers }: IncomingMessage): boolean {
    const given = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
    return given !== undefined && timingSafeEqual(digest(given), tokenDigest);
  }

  async function end(): Promise<void> {
    streams.close();
    if (!server.listening) return;
    server.close();
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    await once(server, 'close');
    clearTimeout(timer);
  }

  return {
    token,
    async listen() {
      server.listen({ host, port });
      await once(server, 'listening');
      const address = server.address() as AddressInfo;
      return `http://${shownHost(address.address)}:${address.port}`;
    },
    close: () => (closed ??= end()),
    unref: () => void server.unref(),
  };
}

const wrongHost = 'The admin listener does not serve this host; its option "hosts" names those that it serves.';

/** Path and query of a request, and the host that it names: in absolute form the target's own (RFC 9112, section 3.2.2). */
function targetOf({ url = '', headers }: IncomingMessage): {
  readonly authority: string | undefined;
  readonly path: string;
  readonly search: string;
} {
  const absolute = /^https?:\/\/([^/?]*)(.*)$/i.exec(url);
  const [path = '', search = ''] = (absolute ? absolute[2]! : url).split(/\?(.*)/, 2);
  return { authority: absolute ? absolute[1]! : headers.host, path, search };
}

function send(request: IncomingMessage, response: ServerResponse, answer: AdminAnswer): void {
  const content = contentOf(answer);
  const status = answer.kind === 'stream' ? 200 : answer.status;
  response.writeHead(status, {
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(content === undefined
      ? {}
      : { 'Content-Type': content.type, 'Content-Length': Buffer.byteLength(content.text) }),
    ...(answer.kind === 'stream' ? {} : answer.fields),
    // Nobody wants the rest of a body that was not read.
    ...(hasUnreadBody(request) ? { Connection: 'close' } : {}),
  });
  response.end(content?.text);
}

function contentOf(answer: AdminAnswer): { readonly type: string; readonly text: string } | undefined {
  if (answer.kind === 'json') return { type: 'application/json', text: `${JSON.stringify(answer.json)}\n` };
  if (answer.kind === 'text') return { type: 'text/plain; charset=utf-8', text: answer.text };
  return undefined;
}

function hasUnreadBody({ headers, readableEnded }: IncomingMessage): boolean {
  const has = headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
  return has && !readableEnded;
}

function shownHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

/** What a user's function throws while it hears of an error has nowhere left to go. */
function tolerant(onError: (error: unknown) => void): (error: unknown) => void {
  return (error) => {
    try {
      onError(error);
    } catch {}
  };
}
