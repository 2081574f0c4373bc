import type { Server } from 'node:http';
import { AcceptedExchange } from '@reverse-http/protocol/exchange';
import { Head } from '@reverse-http/protocol/http1';
import type { StreamAcceptor } from '../../link/stream-acceptor.js';
import { ServerExchange } from './server-exchange.js';
import { createServerHost, type FailureListener } from './server-host.js';

/** Has exchanges answered by an `http.Server`, which need not listen; `virtual`: by a connection for each. */
export function createServerAcceptor(server: Server, onFailure: FailureListener, virtual = false): StreamAcceptor {
  const requestHead = new Head();
  let active = 0;
  const acceptor: StreamAcceptor = {
    get active() {
      return active;
    },
    onIdle: undefined,
    accept: (stream) => new AcceptedExchange(stream, requestHead, createHandler),
  };
  const onBegun = (): void => {
    active += 1;
  };
  const onDone = (): void => {
    active -= 1;
    if (active === 0) acceptor.onIdle?.();
  };
  const host = createServerHost(server, virtual, onFailure, onBegun, onDone);
  const createHandler = (exchange: AcceptedExchange): ServerExchange => new ServerExchange(exchange, host);
  return acceptor;
}
