import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { ResolvedConnectOptions } from '../../connect-options.js';
import { createFetchAcceptor } from '../../handler/fetch-acceptor.js';
import { type FetchApplication, type FetchRequest, isFetchApplication } from '../../handler/fetch-handler.js';
import { createFailureReport } from '../../handler/report-failure.js';
import type { Runtime } from '../../link/runtime.js';
import type { StreamAcceptor } from '../../link/stream-acceptor.js';
import { createListenerServer } from './listener.js';
import { createServerAcceptor } from './server.js';

/** What may answer: a server, listening or not, or what one would be made of. */
export type NodeHandler = Server | RequestListener;

/**
 * Chooses what answers the exchanges, by the kind of handler.
 *
 * @throws ReverseHttpError `bad-option` for what is no handler.
 */
export function acceptorOf(
  handler: NodeHandler | FetchApplication,
  options: ResolvedConnectOptions<never>,
  runtime: Runtime,
): StreamAcceptor {
  if (typeof handler === 'function') return serverAcceptor(createListenerServer(handler), options);
  if (isServer(handler)) return serverAcceptor(handler, options);
  if (!isFetchApplication(handler)) {
    throw new ReverseHttpError(
      'bad-option',
      'handler: give an http.Server, a (req, res) function or an object with a fetch method; nothing else is served yet',
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

function serverAcceptor(server: Server, options: ResolvedConnectOptions<never>): StreamAcceptor {
  return createServerAcceptor(server, createFailureReport(options as ResolvedConnectOptions<IncomingMessage>));
}

function isServer(handler: unknown): handler is Server {
  const { emit, listenerCount } = (handler ?? {}) as Partial<Server>;
  return typeof emit === 'function' && typeof listenerCount === 'function';
}
