import type { EventEmitter } from 'node:events';
import type { AddressInfo, ListenOptions, ServerOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '@reverse-http/protocol/session';
import type { Ticker } from '../timing/timer-wheel.js';

/** What a gateway needs of the machine it runs on: given from outside, so that tests need neither time nor ports. */
export interface Machine {
  readonly clock: Clock;
  /** What runs the wheels of deadlines. */
  readonly ticker: Ticker;
  /** Milliseconds since 1970. */
  epochMs(): number;
  /** Makes what listens, as that of `node:net` does. */
  createServer(options: ServerOpts): ListeningServer;
}

/** An end of a connection: a `net.Socket`, or another stream of bytes that can be reset. */
export interface AcceptedSocket extends Duplex {
  readonly bytesRead: number;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  /** Ends it by a reset (RST). */
  resetAndDestroy(): this;
}

/** What is used of a `net.Server`; emits `connection` with an {@link AcceptedSocket}. */
export interface ListeningServer extends EventEmitter {
  maxConnections: number;
  listen(options: ListenOptions, onListening: () => void): this;
  address(): AddressInfo | string | null;
  close(): this;
  ref(): this;
  unref(): this;
}
