import { ReverseHttpError } from '@reverse-http/protocol/errors';
import { type ConnectOptions, type Logger, resolveConnectOptions } from './connect-options.js';
import type { Connection } from './connection.js';
import { createFetchAcceptor } from './handler/fetch-acceptor.js';
import { assertFetchHandler, type FetchHandler, type FetchRequest } from './handler/fetch-handler.js';
import { createFailureReport } from './handler/report-failure.js';
import type { Dialler } from './link/dialler.js';
import { holdProcess } from './link/hold-process.js';
import { createLink } from './link/link.js';
import { onClock } from './link/on-clock.js';
import type { Runtime } from './link/runtime.js';
import { createWebRuntime } from './runtime.js';
import { createPollDialler } from './transport/poll.js';
import { createPostByFetch } from './transport/post-by-fetch.js';
import { createWebSocketDialler, type WebSocketConstructor } from './transport/web-socket.js';

/** Settings of {@link connect}. */
export interface FetchConnectOptions extends ConnectOptions<FetchRequest> {
  /** Sends the requests of long polling. Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
  /** Makes WebSockets, as the class of `ws` does. Default: the global `WebSocket`; without one (Node 20) the connection polls, and says so. */
  readonly WebSocket?: WebSocketConstructor;
}

const consoleLogger: Logger = {
  info() {},
  warn: (message) => console.warn(message),
  error: (message) => console.error(message),
};

/**
 * Has a fetch-style handler answer requests that come in through a gateway: dials out, and hands what comes back to
 * `handler`, until it is closed. Runs in browsers, Deno, Bun and Node; keeps a process alive meanwhile.
 *
 * @param handler A function, or an object with a `fetch` method, as a Hono application is.
 * @throws ReverseHttpError `bad-option` at once, for options that can never work.
 * @example
 * const connection = connect((request) => new Response(`Hello from ${request.url}`), {
 *   gateway: 'https://gw.example.com',
 *   target: 'phone-1',
 *   token,
 * });
 * const { url } = await connection.ready;
 */
export function connect(handler: FetchHandler, options: FetchConnectOptions): Connection {
  const resolved = resolveConnectOptions(options, consoleLogger, ['fetch', 'WebSocket']);
  assertFetchHandler(handler);
  const runtime = onClock(createWebRuntime(), options.clock);
  const diallers = diallersOf(options, runtime, resolved.logger);
  const onFailure = createFailureReport(resolved);
  const acceptor = createFetchAcceptor({ handler, target: resolved.targets[0], runtime, onFailure });
  const connection = createLink({ options: resolved, diallers, acceptor, runtime });
  holdProcess(connection.closed);
  return connection;
}

/** The surest first: polling passes every hop, so it is ready while others are still being tried. */
function diallersOf(options: FetchConnectOptions, runtime: Runtime, logger: Logger): [Dialler, ...Dialler[]] {
  const { transport = 'auto', fetch = globalThis.fetch, WebSocket = globalThis.WebSocket } = options;
  const { clock } = runtime;
  const sockets = typeof WebSocket === 'function' ? createWebSocketDialler(WebSocket, clock) : undefined;
  if (transport === 'websocket') return [sockets ?? missing('websocket', 'WebSocket')];
  if (typeof fetch !== 'function') return [sockets ?? missing(transport, 'fetch')];
  const poll = createPollDialler({
    // Called without its global as `this`, a browser's own would refuse.
    post: createPostByFetch((input, init) => fetch(input, init)),
    clock,
    defer: (fn) => runtime.defer(fn),
    random: () => runtime.random(),
    ...(isBrowser() ? { maxPolls: 1, maxPosts: 1 } : {}),
  });
  if (transport === 'poll') return [poll];
  if (sockets) return [poll, sockets];
  logger.warn(
    'This runtime has no WebSocket, so the connection polls; pass one as the option WebSocket to change that.',
  );
  return [poll];
}

function missing(transport: string, name: string): never {
  throw new ReverseHttpError(
    'bad-option',
    `transport: ${transport} wants a ${name}, which this runtime does not have; pass one as the option ${name}`,
  );
}

/** Browsers open six connections to a host in all, for every tab together. */
function isBrowser(): boolean {
  return 'document' in globalThis || 'importScripts' in globalThis;
}
