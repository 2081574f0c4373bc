import { AcceptedExchange } from '@reverse-http/protocol/exchange';
import { Head } from '@reverse-http/protocol/http1';
import { Slab } from '@reverse-http/protocol/pipe';
import type { Runtime } from '../link/runtime.js';
import type { StreamAcceptor } from '../link/stream-acceptor.js';
import { FetchExchange } from './fetch-exchange.js';
import type { FetchHandler, FetchRequest } from './fetch-handler.js';
import type { FetchHost } from './fetch-host.js';
import { IncomingRequest } from './incoming-request.js';

/** Heads of answers lie in blocks of this size. */
const slabBytes = 64 * 1024;

/** Settings of {@link createFetchAcceptor}. */
export interface FetchAcceptorOptions {
  readonly handler: FetchHandler;
  /** The target id, where the session serves one alone. */
  readonly target: string;
  readonly runtime: Pick<Runtime, 'defer'>;
  readonly onFailure: (error: unknown, request: FetchRequest | undefined) => void;
  /** Runs each call of the handler in a scope of its own, where the runtime has such. Default: none. */
  readonly inScope?: (call: () => unknown) => unknown;
}

/** Has exchanges answered by a fetch-style handler. */
export function createFetchAcceptor(options: FetchAcceptorOptions): StreamAcceptor {
  IncomingRequest.standIn();
  const requestHead = new Head();
  let active = 0;
  const acceptor: StreamAcceptor = {
    get active() {
      return active;
    },
    onIdle: undefined,
    accept: (stream) => new AcceptedExchange(stream, requestHead, createHandler),
  };
  const host: FetchHost = {
    // Not the one that messages are written to: its blocks serve again while a head may still wait to leave.
    slab: new Slab(slabBytes),
    target: options.target,
    call: callerOf(options),
    originOf: createOriginOf(),
    atTurnEnd: createTurnEnd(options.runtime.defer),
    onFailure: options.onFailure,
    onBegun() {
      active += 1;
    },
    onDone() {
      active -= 1;
      if (active === 0) acceptor.onIdle?.();
    },
  };
  const createHandler = (exchange: AcceptedExchange): FetchExchange => new FetchExchange(exchange, host);
  return acceptor;
}

function callerOf({ handler, inScope }: FetchAcceptorOptions): FetchHost['call'] {
  const call: FetchHost['call'] =
    typeof handler === 'function'
      ? (request, context) => handler(request, context)
      : (request, context) => handler.fetch(request, context);
  return inScope ? (request, context) => inScope(() => call(request, context)) : call;
}

/** Visitors of one target ask for one host, so the last one is remembered. */
function createOriginOf(): FetchHost['originOf'] {
  let key = '';
  let origin: string | undefined;
  return (scheme, authority) => {
    const wanted = `${scheme}://${authority}`;
    if (wanted !== key) {
      key = wanted;
      origin = parseOrigin(wanted);
    }
    return origin;
  };
}

function parseOrigin(text: string): string | undefined {
  try {
    return new URL(text).origin;
  } catch {
    return undefined;
  }
}

/** One call put off for all that wait in a turn. */
function createTurnEnd(defer: (fn: () => void) => void): FetchHost['atTurnEnd'] {
  let waiting: { onTurnEnd(): void }[] = [];
  const run = (): void => {
    const all = waiting;
    waiting = [];
    for (const one of all) one.onTurnEnd();
  };
  return (one) => {
    if (waiting.push(one) === 1) defer(run);
  };
}
