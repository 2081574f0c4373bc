import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage, Server } from 'node:http';
import { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { ResolvedConnectOptions } from '../../connect-options.js';
import { createFetchAcceptor } from '../../handler/fetch-acceptor.js';
import { type FetchApplication, type FetchRequest, isFetchApplication } from '../../handler/fetch-handler.js';
import { createFailureReport } from '../../handler/report-failure.js';
import type { Runtime } from '../../link/runtime.js';
import type { StreamAcceptor } from '../../link/stream-acceptor.js';
import type { Origin } from '../origin/origin-address.js';
import type { OriginOptions } from '../origin/origin-options.js';
import { type ForwardedTo, type TargetHandler, TargetHandlers } from './by-target.js';
import { createListenerServer } from './listener.js';
import type { HandlerAcceptor, NodeHandler } from './node-handler.js';
import { createServerAcceptor } from './server.js';
import { createTargetAcceptor } from './target-acceptor.js';
import { createUrlAcceptor } from './url.js';

/** What the handler kinds need of `connect()`. */
export interface AcceptorContext {
  readonly options: ResolvedConnectOptions<never>;
  readonly origin: OriginOptions | undefined;
  /** Whether an `http.Server` gets a connection for each exchange. */
  readonly virtual: boolean;
  readonly runtime: Runtime;
}

/**
 * Chooses what answers the exchanges, by the kind of handler.
 *
 * @throws ReverseHttpError `bad-option` for what cannot answer.
 */
export function acceptorOf(
  handler: NodeHandler | FetchApplication | TargetHandlers,
  context: AcceptorContext,
): HandlerAcceptor {
  if (handler instanceof TargetHandlers) return targetsAcceptor(handler, context);
  if (isOrigin(handler)) return originAcceptor(handler, context);
  const { options, origin, virtual, runtime } = context;
  if (origin !== undefined) {
    throw new ReverseHttpError('bad-option', 'origin: only for a handler that is a URL, a port or a socket');
  }
  if (typeof handler === 'function') return serverAcceptor(createListenerServer(handler), options, virtual);
  if (isServer(handler)) return serverAcceptor(handler, options, virtual);
  if (!isFetchApplication(handler)) {
    throw new ReverseHttpError(
      'bad-option',
      'handler: give an http.Server, a (req, res) function, an object with a fetch method, or the URL or port of a server that listens',
    );
  }
  return createFetchAcceptor({
    handler,
    target: options.targets[0],
    runtime,
    onFailure: createFailureReport(options as ResolvedConnectOptions<FetchRequest>),
    // So that `AsyncLocalStorage.enterWith()` in one handler is not seen by the next.
    inScope: (call) => new AsyncResource('REVERSEHTTPREQUEST').runInAsyncScope(call),
  });
}

function targetsAcceptor({ handlers }: TargetHandlers, context: AcceptorContext): HandlerAcceptor {
  const acceptors = [...handlers].map(([target, handler]): [string, HandlerAcceptor] => [
    target.toLowerCase(),
    targetAcceptor(handler, context),
  ]);
  return createTargetAcceptor(new Map(acceptors));
}

function targetAcceptor(handler: TargetHandler, context: AcceptorContext): HandlerAcceptor {
  if (!isForwardedTo(handler))
    return acceptorOf(handler, isOrigin(handler) ? context : { ...context, origin: undefined });
  const { to, ...own } = handler;
  return originAcceptor(to, { ...context, origin: { ...context.origin, ...own } });
}

function originAcceptor(origin: Origin, { options, origin: settings, runtime }: AcceptorContext): HandlerAcceptor {
  const { logger, onError } = options;
  const report = createFailureReport(options);
  const onFailure = (error: ReverseHttpError): void => {
    if (onError) report(error, undefined);
    else if (error.code !== 'origin-refused') logger.error(error.message); // The logger was told of a refusal.
  };
  return createUrlAcceptor({ origin, options: settings, clock: runtime.clock, logger, onFailure });
}

function serverAcceptor(server: Server, options: ResolvedConnectOptions<never>, virtual: boolean): StreamAcceptor {
  const report = createFailureReport(options as ResolvedConnectOptions<IncomingMessage>);
  return createServerAcceptor(server, report, virtual);
}

function isOrigin(handler: unknown): handler is Origin {
  return typeof handler === 'string' || typeof handler === 'number' || handler instanceof URL;
}

function isForwardedTo(handler: TargetHandler): handler is ForwardedTo {
  return (
    typeof handler === 'object' && handler !== null && 'to' in handler && !isServer(handler) && !('fetch' in handler)
  );
}

function isServer(handler: unknown): handler is Server {
  const { emit, listenerCount } = (handler ?? {}) as Partial<Server>;
  return typeof emit === 'function' && typeof listenerCount === 'function';
}
