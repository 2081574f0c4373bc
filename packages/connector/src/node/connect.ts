import type { IncomingMessage } from 'node:http';
import { ReverseHttpError } from '@reverse-http/protocol/errors';
import { type ConnectOptions, isLoopback, type Logger, resolveConnectOptions } from '../connect-options.js';
import type { Connection } from '../connection.js';
import type { FetchApplication, FetchRequest } from '../handler/fetch-handler.js';
import type { Dialler } from '../link/dialler.js';
import { holdProcess } from '../link/hold-process.js';
import { createLink } from '../link/link.js';
import { onClock } from '../link/on-clock.js';
import type { Runtime } from '../link/runtime.js';
import { createPollDialler } from '../transport/poll.js';
import { createPostByFetch } from '../transport/post-by-fetch.js';
import { createWebSocketDialler as createDiallerBy, type WebSocketConstructor } from '../transport/web-socket.js';
import { acceptorOf } from './handler/acceptor-of.js';
import { TargetHandlers } from './handler/by-target.js';
import type { NodeHandler } from './handler/node-handler.js';
import type { OriginOptions } from './origin/origin-options.js';
import { type Proxies, proxiesFor } from './proxy/proxies.js';
import { createNodeRuntime } from './runtime.js';
import { createPost } from './transport/post.js';
import { createWebSocketDialler, type TlsOptions } from './transport/web-socket.js';

/** Settings of {@link connect} on Node; `Request` is what the handler kind calls a request. */
export interface NodeConnectOptions<Request = IncomingMessage> extends ConnectOptions<Request> {
  /** How the gateway's certificate is checked, and what is shown of ours. Default: as Node does. */
  readonly tls?: TlsOptions;
  /**
   * HTTP proxy on the way to the gateway, `http://name:password@proxy.example.com:3128` (or `https:`); `false`: none.
   * Default: what `HTTPS_PROXY` (for an `https:` gateway), `HTTP_PROXY` (for an `http:` one) and `NO_PROXY` say, in
   * small letters too; no proxy to a gateway on this machine then.
   */
  readonly proxy?: string | URL | false;
  /** How requests are forwarded, where the handler is a URL, a port or a socket. */
  readonly origin?: OriginOptions;
  /**
   * How a server gets its requests: as two objects (`fast`), or each as bytes of a connection that it believes it
   * accepted (`socket`), with `connection`, `clientError` and `server.timeout`. Default `fast`.
   */
  readonly fidelity?: 'fast' | 'socket';
  /** Sends the requests of long polling. Default: on connections of our own, which is faster; `tls` is for those alone. */
  readonly fetch?: typeof globalThis.fetch;
  /** Makes WebSockets, as the class of `ws` does. Default: our own way with `ws`, which is faster; `tls` is for that alone. */
  readonly WebSocket?: WebSocketConstructor;
}

/** Settings of {@link connect} for several targets: their ids are those of {@link byTarget}. */
export type SeveralTargetsOptions = Omit<NodeConnectOptions<IncomingMessage | FetchRequest>, 'target'>;

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
export function connect(handler: NodeHandler, options: NodeConnectOptions): Connection;
/**
 * The same for a fetch-style handler.
 *
 * @param handler An object with a `fetch` method: `{ fetch: (request) => new Response('Hello') }`, a Hono application.
 */
export function connect(handler: FetchApplication, options: NodeConnectOptions<FetchRequest>): Connection;
/**
 * The same for several targets over one session, each with a handler of its own.
 *
 * @param handlers What {@link byTarget} made; it names the targets.
 */
export function connect(handlers: TargetHandlers, options: SeveralTargetsOptions): Connection;
export function connect(
  handler: NodeHandler | FetchApplication | TargetHandlers,
  given: NodeConnectOptions<never> | SeveralTargetsOptions,
): Connection {
  const options = handler instanceof TargetHandlers ? { ...given, target: [...handler.handlers.keys()] } : given;
  const resolved = resolveConnectOptions(options as NodeConnectOptions<never>, consoleLogger, nodeOptions);
  assertThere(options);
  const proxies = proxiesFor(resolved.gateways, options.proxy, process.env);
  if (options.token !== undefined && !options.allowCleartext) assertConfidential(proxies);
  const runtime = onClock(createNodeRuntime(), options.clock);
  const acceptor = acceptorOf(handler, {
    options: resolved,
    origin: options.origin,
    virtual: options.fidelity === 'socket',
    runtime,
  });
  const connection = createLink({
    options: resolved,
    diallers: diallersOf(options, proxies, runtime),
    acceptor,
    runtime,
  });
  holdProcess(connection.closed);
  connection.closed.then(() => acceptor.close?.());
  return connection;
}

const nodeOptions: readonly string[] = ['tls', 'proxy', 'origin', 'fidelity', 'fetch', 'WebSocket'];

/** Who sets what comes later must not believe that it holds: a pin least of all. */
function assertThere(options: object): void {
  const { fidelity = 'fast', tls } = options as { fidelity?: unknown; tls?: { readonly pin?: unknown } };
  if (tls?.pin !== undefined) throw new ReverseHttpError('bad-option', 'tls.pin: comes later');
  if (fidelity !== 'fast' && fidelity !== 'socket')
    throw new ReverseHttpError('bad-option', 'fidelity: must be fast or socket');
}

/** To be on this machine helps a gateway only as long as nobody else carries what it is told. */
function assertConfidential(proxies: Proxies): void {
  for (const [gateway, { name }] of proxies) {
    if (new URL(gateway).protocol === 'http:' && !isLoopback(new URL(name)))
      throw new ReverseHttpError(
        'bad-option',
        `token: would travel in the clear to the proxy ${name}; use an https gateway, or set allowCleartext`,
      );
  }
}

type DialOptions = Pick<NodeConnectOptions, 'transport' | 'tls' | 'fetch' | 'WebSocket'>;

/** The surest first: polling passes every hop, so it is ready while others are still being tried. */
function diallersOf(options: DialOptions, proxies: Proxies, runtime: Runtime): [Dialler, ...Dialler[]] {
  const { transport = 'auto', tls, fetch, WebSocket } = options;
  const { clock } = runtime;
  const poll = createPollDialler({
    post: fetch ? createPostByFetch(fetch) : createPost(tls, proxies),
    clock,
    defer: (fn) => runtime.defer(fn),
    random: () => runtime.random(),
  });
  if (transport === 'poll') return [poll];
  const webSocket = WebSocket
    ? createDiallerBy(WebSocket, clock)
    : createWebSocketDialler({ proxies, ...(tls ? { tls } : {}) });
  return transport === 'websocket' ? [webSocket] : [poll, webSocket];
}
