import type { Clock, Timer } from '@reverse-http/protocol/session';
import { type ClientConnection, type ConnectionKeeper, neverPaused } from './client-connection.js';
import type { ConnectionDialler, DialListener } from './connection-dialler.js';

/** A request that wants a connection. */
export interface ConnectionWaiter {
  onConnection(connection: ClientConnection): void;
  /** None can be had. */
  onRefused(error: NodeJS.ErrnoException): void;
}

/** Parts of a pool. */
export interface ConnectionPoolOptions {
  readonly dialler: ConnectionDialler;
  /** Connections at a time; further requests wait. */
  readonly maxConnections: number;
  /** How long a connection is kept for the next request, ms; less where the server says so. */
  readonly idleTimeoutMs: number;
  readonly clock: Clock;
  readonly watch?: PoolWatch;
}

/** Who is told of the server's coming and going. */
export interface PoolWatch {
  /** A connection was made. */
  onReachable(): void;
  /** None could be made. */
  onRefused(error: NodeJS.ErrnoException): void;
}

/** How often idle connections are looked through, ms: one is kept that much longer at most. */
const sweepMs = 1000;
/** So long before the server would close an idle connection it is not used any more, ms. */
const marginMs = 1000;

/**
 * The connections to one server. The one that was used last is used next, so that no more stay open than are needed;
 * requests beyond the bound wait, the first to come is the first to be served.
 */
export class ConnectionPool implements ConnectionKeeper {
  readonly #options: ConnectionPoolOptions;
  /** The last one was freed last. */
  readonly #idle: ClientConnection[] = [];
  readonly #waiting = new Set<ConnectionWaiter>();
  /** Waiters for whom alone a connection is being made. */
  readonly #promised = new Set<ConnectionWaiter>();
  /** Connections that count, busy or idle. */
  readonly #open = new Set<ClientConnection>();
  readonly #dials = new Set<() => void>();
  #sweep: Timer | undefined;
  #closed = false;

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
  }

  /** A connection that is free; undefined when the waiter will be called. */
  acquire(waiter: ConnectionWaiter): ClientConnection | undefined {
    const now = this.#options.clock.now();
    for (let connection = this.#idle.pop(); connection; connection = this.#idle.pop()) {
      if (now - connection.idleSince < connection.idleMs && connection.usable) return connection;
      connection.destroy();
    }
    this.#waiting.add(waiter);
    if (this.#hasRoom()) this.#dial(undefined);
    return undefined;
  }

  /** The same, but no connection that may have died meanwhile. */
  acquireFresh(waiter: ConnectionWaiter): void {
    if (!this.#hasRoom()) {
      this.#waiting.add(waiter);
      return;
    }
    this.#promised.add(waiter);
    this.#dial(waiter);
  }

  /** The waiter wants nothing any more. */
  cancel(waiter: ConnectionWaiter): void {
    this.#waiting.delete(waiter);
    this.#promised.delete(waiter);
  }

  /** The answer is whole, and the connection can serve again. */
  release(connection: ClientConnection): void {
    const { idleTimeoutMs } = this.#options;
    const { keepAliveSeconds } = connection.reader;
    const told = keepAliveSeconds < 0 ? Number.POSITIVE_INFINITY : keepAliveSeconds * 1000 - marginMs;
    connection.idleMs = Math.min(idleTimeoutMs, told);
    connection.free();
    if (this.#closed || !connection.usable || this.#isOld(connection)) return connection.destroy();
    this.#offer(connection, this.#takeWaiter());
  }

  /** The connection is somebody's for good (upgraded): it does not count any more. */
  detach(connection: ClientConnection): void {
    this.#open.delete(connection);
    this.#serveWaiters();
  }

  onClosed(connection: ClientConnection): void {
    if (!this.#open.delete(connection)) return;
    const index = this.#idle.lastIndexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
    this.#serveWaiters();
  }

  /** Closes what serves nobody, now and later. */
  close(): void {
    this.#closed = true;
    this.#sweep?.cancel();
    for (const cancel of this.#dials) cancel();
    this.#dials.clear();
    this.closeIdle();
  }

  /** Closes what serves nobody now: there is reason to believe that it is dead. */
  closeIdle(): void {
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  now(): number {
    return this.#options.clock.now();
  }

  /**
   * Whether a connection that was freed just now may be idle for too long already, as the server counts: a reader that was
   * slow learns late that the answer is whole. The server's end of it may wait to be read behind the last bytes.
   */
  #isOld({ idleMs, pausedAt }: ClientConnection): boolean {
    if (pausedAt === neverPaused) return idleMs <= 0;
    return this.now() - pausedAt >= idleMs;
  }

  #hasRoom(): boolean {
    return this.#open.size + this.#dials.size < this.#options.maxConnections;
  }

  #takeWaiter(): ConnectionWaiter | undefined {
    for (const waiter of this.#waiting) {
      this.#waiting.delete(waiter);
      return waiter;
    }
    return undefined;
  }

  #offer(connection: ClientConnection, waiter: ConnectionWaiter | undefined): void {
    if (waiter) return waiter.onConnection(connection);
    const { clock } = this.#options;
    connection.fresh = false;
    connection.idleSince = Math.min(clock.now(), connection.pausedAt);
    this.#idle.push(connection);
    this.#sweep ??= clock.setTimer(this.#onSweep, sweepMs);
  }

  /** There is room: a connection for each waiter that has none under way. */
  #serveWaiters(): void {
    while (!this.#closed && this.#dials.size < this.#waiting.size && this.#hasRoom()) this.#dial(undefined);
  }

  /** @param waiter Who is to get the connection; else the first who waits. */
  #dial(waiter: ConnectionWaiter | undefined): void {
    const listener: DialListener = {
      onConnected: (connection) => {
        this.#dials.delete(cancel);
        this.#open.add(connection);
        this.#options.watch?.onReachable();
        connection.idleMs = this.#options.idleTimeoutMs;
        const promised = waiter !== undefined && this.#promised.delete(waiter);
        this.#offer(connection, promised ? waiter : this.#takeWaiter());
      },
      onFailed: (error) => {
        this.#dials.delete(cancel);
        this.#options.watch?.onRefused(error);
        this.#refuse(waiter, error);
      },
    };
    const cancel = this.#options.dialler.dial(this, listener);
    this.#dials.add(cancel);
  }

  /** While others are served, one request alone loses; where nobody listens, all would, one after the other. */
  #refuse(waiter: ConnectionWaiter | undefined, error: NodeJS.ErrnoException): void {
    if (waiter) {
      if (this.#promised.delete(waiter)) waiter.onRefused(error);
    } else if (this.#open.size > 0) this.#takeWaiter()?.onRefused(error);
    else {
      const all = [...this.#waiting];
      this.#waiting.clear();
      for (const each of all) each.onRefused(error);
    }
    this.#serveWaiters();
  }

  readonly #onSweep = (): void => {
    this.#sweep = undefined;
    const now = this.#options.clock.now();
    const old = this.#idle.filter(({ idleSince, idleMs }) => now - idleSince >= idleMs);
    for (const connection of old) connection.destroy();
    if (this.#idle.length > 0) this.#sweep = this.#options.clock.setTimer(this.#onSweep, sweepMs);
  };
}
