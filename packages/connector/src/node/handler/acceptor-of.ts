import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { Clock } from '@reverse-http/protocol/session';
import type { Logger } from '../../connect-options.js';
import type { StreamAcceptor } from '../../link/stream-acceptor.js';
import type { Origin } from '../origin/origin-address.js';
import type { OriginOptions } from '../origin/origin-options.js';
import { createListenerServer } from './listener.js';
import { createServerAcceptor } from './server.js';
import { createUrlAcceptor } from './url.js';

/** What may answer: a server, listening or not, what one would be made of, or the address of one that listens. */
export type NodeHandler = Server | RequestListener | Origin;

/** What the handler kinds need of `connect()`. */
export interface AcceptorContext {
  readonly origin: OriginOptions | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Hears of failed handlers; tells the logger where nobody else listens. */
  readonly onFailure: (error: unknown, request: IncomingMessage | undefined) => void;
  /** Whether somebody but the logger hears of failures. */
  readonly isHeard: boolean;
}

/** An acceptor, and how what it holds is given up once no exchange can come. */
export interface HandlerAcceptor extends StreamAcceptor {
  close?(): void;
}

/**
 * The acceptor for whatever `connect()` was given.
 *
 * @throws ReverseHttpError `bad-option` for what cannot answer.
 */
export function acceptorOf(handler: unknown, context: AcceptorContext): HandlerAcceptor {
  const { origin: options, clock, logger, onFailure, isHeard } = context;
  if (isOrigin(handler)) {
    const onUrlFailure = (error: ReverseHttpError): void => {
      if (isHeard) onFailure(error, undefined);
      else if (error.code !== 'origin-refused') logger.error(error.message); // The logger was told of a refusal.
    };
    return createUrlAcceptor({ origin: handler, options, clock, logger, onFailure: onUrlFailure });
  }
  if (options !== undefined) {
    throw new ReverseHttpError('bad-option', 'origin: only for a handler that is a URL, a port or a socket');
  }
  return createServerAcceptor(serverOf(handler), onFailure);
}

function isOrigin(handler: unknown): handler is Origin {
  return typeof handler === 'string' || typeof handler === 'number' || handler instanceof URL;
}

function serverOf(handler: unknown): Server {
  if (typeof handler === 'function') return createListenerServer(handler as RequestListener);
  const { emit, listenerCount } = (handler ?? {}) as Partial<Server>;
  if (typeof emit === 'function' && typeof listenerCount === 'function') return handler as Server;
  throw new ReverseHttpError(
    'bad-option',
    'handler: give an http.Server, a (req, res) function, or the URL or port of a server that listens',
  );
}
