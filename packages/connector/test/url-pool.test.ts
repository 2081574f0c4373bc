import { Socket } from 'node:net';
import { createManualClock, type ManualClock } from '@reverse-http/protocol/session';
import { beforeEach, describe, expect, it } from 'vitest';
import { ClientConnection, type ConnectionUser } from '../src/node/client/client-connection.js';
import type { DialListener } from '../src/node/client/connection-dialler.js';
import { ConnectionPool, type ConnectionWaiter } from '../src/node/client/connection-pool.js';
import { type OriginOptions, resolveOriginOptions } from '../src/node/origin/origin-options.js';

/** A request that wants a connection. */
class Waiter implements ConnectionWaiter {
  connection: ClientConnection | undefined;
  refused = false;

  onConnection(connection: ClientConnection): void {
    this.connection = connection;
  }

  onRefused(): void {
    this.refused = true;
  }
}

const nobody: ConnectionUser = {
  isHead: false,
  asksUpgrade: false,
  onInterim() {},
  onSwitching() {},
  onAnswerHead() {},
  onAnswerBody() {},
  onAnswerEnd() {},
  onFault() {},
  onDrain() {},
  onLost() {},
};

let clock: ManualClock;
let dials: (DialListener & { cancelled?: boolean })[];
let pool: ConnectionPool;

function createPool(options: OriginOptions = {}): void {
  clock = createManualClock();
  dials = [];
  const dialler = {
    dial(_keeper: unknown, listener: DialListener & { cancelled?: boolean }) {
      dials.push(listener);
      return () => {
        listener.cancelled = true;
      };
    },
  };
  pool = new ConnectionPool({ dialler, clock, ...resolveOriginOptions(options) });
}

/** The dial of that number succeeds. */
function connected(index: number): ClientConnection {
  const connection = new ClientConnection(new Socket(), pool, 1);
  dials[index]!.onConnected(connection);
  return connection;
}

function acquire(): Waiter {
  const waiter = new Waiter();
  const connection = pool.acquire(waiter);
  if (connection) waiter.connection = connection;
  return waiter;
}

describe('a pool', () => {
  beforeEach(() => createPool());

  it('dials for a request that finds nothing, and keeps what it leaves', () => {
    const first = acquire();
    const connection = connected(0);
    expect(first.connection).toBe(connection);
    expect(connection.fresh).toBe(true);
    pool.release(connection);
    expect(acquire().connection).toBe(connection);
    expect(connection.fresh).toBe(false);
    expect(dials.length).toBe(1);
  });

  it('takes a connection that waited for nobody as one that may have died', () => {
    const gone = acquire();
    pool.cancel(gone);
    const connection = connected(0);
    expect(gone.connection).toBeUndefined();
    expect(acquire().connection).toBe(connection);
    expect(connection.fresh).toBe(false);
  });

  it('takes the one that was freed last', () => {
    const waiters = [acquire(), acquire(), acquire()];
    const connections = [connected(0), connected(1), connected(2)];
    expect(waiters.map(({ connection }) => connection)).toEqual(connections);
    for (const index of [0, 2, 1]) pool.release(connections[index]!);
    expect([acquire(), acquire(), acquire()].map(({ connection }) => connections.indexOf(connection!))).toEqual([
      1, 2, 0,
    ]);
  });

  it('closes what nobody used for the time it may be kept, and stops looking when nothing is left', () => {
    acquire();
    const connection = connected(0);
    pool.release(connection);
    clock.advance(3500);
    expect(acquire().connection).toBe(connection);
    pool.release(connection);
    clock.advance(3500);
    expect(connection.usable).toBe(true);
    clock.advance(1600);
    expect(connection.usable).toBe(false);
    clock.advance(1000);
    expect(clock.pendingTimers).toBe(0);
    acquire();
    expect(dials.length).toBe(2);
  });

  it('counts from when an answer began to wait to be read, for the server may have been idle since', () => {
    acquire();
    const connection = connected(0);
    connection.pause();
    clock.advance(3000);
    connection.resume();
    connection.pause();
    clock.advance(500);
    connection.resume();
    pool.release(connection);
    expect(connection.usable).toBe(true);
    clock.advance(500);
    expect(acquire().connection).toBeUndefined();
    expect(connection.usable).toBe(false);
  });

  it('counts anew with each answer', () => {
    acquire();
    const connection = connected(0);
    connection.pause();
    clock.advance(1000);
    pool.release(connection);
    expect(acquire().connection).toBe(connection);
    connection.begin(nobody);
    clock.advance(5000);
    pool.release(connection);
    expect(acquire().connection).toBe(connection);
  });

  it('gives nobody what waited to be read for as long as the server bears', () => {
    createPool({ maxConnections: 1 });
    acquire();
    const second = acquire();
    const connection = connected(0);
    connection.pause();
    clock.advance(4000);
    pool.release(connection);
    expect(connection.usable).toBe(false);
    expect(second.connection).toBeUndefined();
    expect(connected(1)).toBe(second.connection);
  });

  it('gives what is freed to who waits, first come first served, within its bound', () => {
    createPool({ maxConnections: 1 });
    const [first, second, third] = [acquire(), acquire(), acquire()];
    expect(dials.length).toBe(1);
    const connection = connected(0);
    expect(first.connection).toBe(connection);
    pool.release(connection);
    expect(second.connection).toBe(connection);
    expect(third.connection).toBeUndefined();
    connection.destroy();
    expect(dials.length).toBe(2);
    expect(connected(1)).toBe(third.connection);
  });

  it('gives a fresh one to whom it is promised alone', () => {
    const waiting = acquire();
    const again = new Waiter();
    pool.acquireFresh(again);
    const second = connected(1);
    expect(again.connection).toBe(second);
    expect(waiting.connection).toBeUndefined();
    expect(connected(0)).toBe(waiting.connection);
  });

  it('gives a promised one to another when its waiter has left', () => {
    const again = new Waiter();
    pool.acquireFresh(again);
    pool.cancel(again);
    const other = acquire();
    expect(connected(0)).toBe(other.connection);
    expect(again.connection).toBeUndefined();
  });

  it('refuses all who wait where nobody listens, one where others are served', () => {
    const waiters = [acquire(), acquire(), acquire()];
    dials[0]!.onFailed(new Error('no'));
    expect(waiters.map(({ refused }) => refused)).toEqual([true, true, true]);
    createPool();
    acquire();
    connected(0);
    const others = [acquire(), acquire()];
    dials[1]!.onFailed(new Error('no'));
    expect(others.map(({ refused }) => refused)).toEqual([true, false]);
    expect(connected(2)).toBe(others[1]!.connection);
  });

  it('refuses a promise that cannot be kept', () => {
    const again = new Waiter();
    pool.acquireFresh(again);
    dials[0]!.onFailed(new Error('no'));
    expect(again.refused).toBe(true);
  });

  it('once closed keeps nothing', () => {
    acquire();
    acquire();
    const connection = connected(0);
    pool.close();
    expect(dials[1]!.cancelled).toBe(true);
    pool.release(connection);
    expect(connection.usable).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });
});
