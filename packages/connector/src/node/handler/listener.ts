import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { ReverseHttpError } from '@reverse-http/protocol/errors';
import { ServerExchange } from './server-exchange.js';
import { SinkSocket } from './sink-socket.js';
import { UpgradeExchange } from './upgrade-exchange.js';
import { VirtualConnection } from './virtual-connection.js';

/** A server that does not listen, for a bare `(req, res)` function; what an async one rejects with ends its exchange. */
export function createListenerServer(listener: RequestListener): Server {
  return createServer((request: IncomingMessage, response: ServerResponse) => {
    const result: unknown = listener(request, response);
    if (typeof result !== 'object' || result === null) return;
    const check = (value: unknown): void => {
      if (isResponse(value) && !response.headersSent) failExchange(request, fetchStyle());
    };
    if (!isThenable(result)) check(result);
    else result.then(check, (error: unknown) => failExchange(request, error));
  });
}

/** Without this its visitors would wait for ever. */
function fetchStyle(): ReverseHttpError {
  return new ReverseHttpError(
    'handler-failed',
    'the function returned a Response, as fetch-style handlers do, but on Node a function is a (req, res) one: give { fetch: handler }',
  );
}

function isResponse(value: unknown): boolean {
  return typeof Response === 'function' && value instanceof Response;
}

function failExchange(request: IncomingMessage, error: unknown): void {
  const { socket } = request as { socket: unknown };
  const owner = socket instanceof SinkSocket || socket instanceof VirtualConnection ? socket.owner : undefined;
  if (owner instanceof ServerExchange || owner instanceof UpgradeExchange) owner.fail(error);
  else throw error;
}

function isThenable(value: object): value is PromiseLike<unknown> {
  return 'then' in value && typeof value.then === 'function';
}
