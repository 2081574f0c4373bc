import { ReverseHttpError } from '@reverse-http/protocol/errors';
import { AcceptedExchange } from '@reverse-http/protocol/exchange';
import { Head } from '@reverse-http/protocol/http1';
import { Slab } from '@reverse-http/protocol/pipe';
import type { Clock } from '@reverse-http/protocol/session';
import type { Logger } from '../../connect-options.js';
import type { StreamAcceptor } from '../../link/stream-acceptor.js';
import { ConnectionPool } from '../client/connection-pool.js';
import { type Origin, parseOrigin } from '../origin/origin-address.js';
import { createOriginDialler } from '../origin/origin-dialler.js';
import { OriginExchange, type OriginHost } from '../origin/origin-exchange.js';
import { type OriginOptions, resolveOriginOptions } from '../origin/origin-options.js';
import { OriginWatch } from '../origin/origin-watch.js';
import { createRequestHeads } from '../origin/request-heads.js';

/** What forwarding to an origin needs. */
export interface UrlAcceptorOptions {
  readonly origin: Origin;
  readonly options: OriginOptions | undefined;
  readonly clock: Clock;
  /** Hears once of each change between an origin that takes connections and one that does not. */
  readonly logger: Logger;
  /** Hears of answers that are none, and of each change to an origin that takes no connections. */
  readonly onFailure: (error: ReverseHttpError) => void;
}

/** An acceptor that holds connections of its own. */
export interface UrlAcceptor extends StreamAcceptor {
  /** No exchange will come: closes the connections that serve none. */
  close(): void;
}

/** Large enough that few requests need a new one, small enough that a slow answer's piece holds little. */
const slabBytes = 64 * 1024;

/**
 * Has exchanges answered by a server that listens.
 *
 * @throws ReverseHttpError `bad-option` for what is no origin, or for its options.
 */
export function createUrlAcceptor({ origin, options, clock, logger, onFailure }: UrlAcceptorOptions): UrlAcceptor {
  const address = parseOrigin(origin);
  const resolved = resolveOriginOptions(options);
  const dialler = createOriginDialler(address, resolved, clock);
  const watch = new OriginWatch({ address, logger, onState: resolved.onState, onError: onFailure });
  const { maxConnections, idleTimeoutMs } = resolved;
  const pool = new ConnectionPool({ dialler, watch, maxConnections, idleTimeoutMs, clock });
  const slab = new Slab(slabBytes, (size) => Buffer.allocUnsafeSlow(size));
  const scratch = new Head();
  let active = 0;
  const acceptor: UrlAcceptor = {
    get active() {
      return active;
    },
    onIdle: undefined,
    accept: (stream) => new AcceptedExchange(stream, scratch, createHandler),
    close: () => pool.close(),
  };
  const host: OriginHost = {
    pool,
    slab,
    requestHeads: createRequestHeads(address, resolved.hostHeader, slab),
    onFailure: (detail) =>
      onFailure(new ReverseHttpError('bad-answer', `the answer of ${address.name} is no good: ${detail}`)),
    onBegun() {
      active += 1;
    },
    onDone() {
      active -= 1;
      if (active === 0) acceptor.onIdle?.();
    },
  };
  const createHandler = (exchange: AcceptedExchange): OriginExchange => new OriginExchange(exchange, host);
  return acceptor;
}
