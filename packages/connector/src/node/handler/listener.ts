import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { ServerExchange } from './server-exchange.js';
import { SinkSocket } from './sink-socket.js';

/** A server that does not listen, for a bare `(req, res)` function; what an async one rejects with ends its exchange. */
export function createListenerServer(listener: RequestListener): Server {
  return createServer((request: IncomingMessage, response: ServerResponse) => {
    const result: unknown = listener(request, response);
    if (isThenable(result)) result.then(undefined, (error: unknown) => failExchange(request, error));
  });
}

function failExchange(request: IncomingMessage, error: unknown): void {
  const { socket } = request as { socket: unknown };
  const owner = socket instanceof SinkSocket ? socket.owner : undefined;
  if (owner instanceof ServerExchange) owner.fail(error);
  else throw error;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
