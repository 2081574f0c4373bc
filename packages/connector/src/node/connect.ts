import type { IncomingMessage } from 'node:http';
import { type ConnectOptions, type Logger, resolveConnectOptions } from '../connect-options.js';
import type { Connection } from '../connection.js';
import type { Dialler } from '../link/dialler.js';
import { createLink } from '../link/link.js';
import type { Runtime } from '../link/runtime.js';
import { createPollDialler } from '../transport/poll.js';
import { acceptorOf, type NodeHandler } from './handler/acceptor-of.js';
import type { OriginOptions } from './origin/origin-options.js';
import { createNodeRuntime } from './runtime.js';
import { createPost } from './transport/post.js';
import { createWebSocketDialler, type TlsOptions } from './transport/web-socket.js';

/** Settings of {@link connect} on Node. */
export interface NodeConnectOptions extends ConnectOptions<IncomingMessage> {
  /** How the gateway's certificate is checked, and what is shown of ours. Default: as Node does. */
  readonly tls?: TlsOptions;
  /** How requests are forwarded, where the handler is a URL, a port or a socket. */
  readonly origin?: OriginOptions;
}

const consoleLogger: Logger = {
  info() {},
  warn: (message) => console.warn(message),
  error: (message) => console.error(message),
};

/**
 * Makes a server reachable through a gateway: dials out, and hands the requests that come back to `handler`, until it is
 * closed. Keeps the process alive meanwhile.
 *
 * @throws ReverseHttpError `bad-option` at once, for options that can never work.
 * @param handler An `http.Server`, a `(req, res)` function, or where a server listens: a port, `host:port`, a URL, `unix:/path`.
 * @example
 * const connection = connect(express(), { gateway: 'https://gw.example.com', target: 'A', token });
 * const { url } = await connection.ready;
 * @example
 * connect(3000, { gateway: 'https://gw.example.com', target: 'A', token });
 */
export function connect(handler: NodeHandler, options: NodeConnectOptions): Connection {
  const resolved = resolveConnectOptions(options, consoleLogger);
  const { onError, logger } = resolved;
  const runtime = createNodeRuntime();
  const onFailure = (error: unknown, request: IncomingMessage | undefined): void => {
    if (!onError) return logger.error(`Handler failed (${describe(request)}): ${text(error)}`);
    try {
      onError(error, request);
    } catch (thrown) {
      logger.error(`onError threw: ${text(thrown)}`);
    }
  };
  const { origin } = options;
  const acceptor = acceptorOf(handler, {
    origin,
    clock: runtime.clock,
    logger,
    onFailure,
    isHeard: onError !== undefined,
  });
  const diallers = diallersOf(options, runtime);
  const connection = createLink({ options: resolved, diallers, acceptor, runtime });
  // A service must not end because its gateway is down: the link's own timers would let it.
  const hold = setInterval(() => {}, longestIntervalMs);
  connection.closed.then(() => {
    clearInterval(hold);
    acceptor.close?.();
  });
  return connection;
}

/** The surest first: polling passes every hop, so it is ready while others are still being tried. */
function diallersOf({ transport = 'auto', tls }: NodeConnectOptions, runtime: Runtime): [Dialler, ...Dialler[]] {
  const { clock } = runtime;
  const poll = createPollDialler({
    post: createPost(tls),
    clock,
    defer: (fn) => runtime.defer(fn),
    random: () => runtime.random(),
  });
  if (transport === 'poll') return [poll];
  const webSocket = createWebSocketDialler(tls ? { tls } : {});
  return transport === 'websocket' ? [webSocket] : [poll, webSocket];
}

const longestIntervalMs = 0x7fff_ffff;

function describe(request: IncomingMessage | undefined): string {
  return request ? `${request.method} ${request.url}` : 'no request';
}

function text(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
