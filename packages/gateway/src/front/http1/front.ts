import type { AddressInfo } from 'node:net';
import type { AcceptedSocket, Machine } from '../../machine/machine.js';
import { nodeMachine } from '../../machine/node-machine.js';
import { TimerWheel } from '../../timing/timer-wheel.js';
import type { Front, FrontAddress, Visit } from '../../visit/visit.js';
import { type ConnectionHost, Http1Connection } from './connection.js';
import { type Http1FrontOptions, resolveHttp1FrontOptions } from './front-options.js';
import { InputBlocks } from './input-blocks.js';
import type { Output } from './output.js';
import { OutputBlocks } from './output-blocks.js';
import { createSharedRead } from './shared-read.js';
import { VisitHead } from './visit-head.js';

/** What a front needs of the gateway. */
export interface FrontServices {
  /** Serves a visit; called as soon as its head is whole. */
  readonly onVisit: (visit: Visit) => void;
  /** Hears of a request that was not understood, before it is answered: its head is empty. Default: nobody. */
  readonly onRefused?: (visit: Visit) => void;
  /** A new request id. */
  readonly nextId: () => string;
  /** What it listens on and tells time by. Default: the machine as it is. */
  readonly machine?: Machine;
}

/** A {@link Front} of HTTP/1.1. */
export interface Http1Front extends Front {
  /** Holds for what begins from now on: heads that are read, connections that wait. */
  adjust(changed: Pick<Http1FrontOptions, 'headLimits' | 'headTimeoutMs' | 'keepAliveMs'>): void;
}

/** Deadlines of connections are late by less than two of these, ms. */
const tickMs = 1000;
/** Heads kept for the next visits. */
const maxSpareHeads = 256;

/**
 * A listener for HTTP/1.1 and HTTP/1.0 visitors on TCP.
 *
 * @example
 * const front = createHttp1Front({ port: 8080 }, { onVisit: (visit) => visit.fail('no-route'), nextId });
 * const { port } = await front.listen();
 */
export function createHttp1Front(options: Http1FrontOptions, services: FrontServices): Http1Front {
  const resolved = resolveHttp1FrontOptions(options);
  const { clock, ticker, createServer } = services.machine ?? nodeMachine;
  const wheel = new TimerWheel(tickMs, ticker);
  const connections = new Set<Http1Connection>();
  const spareHeads: VisitHead[] = [];
  let unflushed: Output[] = [];
  let draining = false;
  const whenEmpty: (() => void)[] = [];

  const flushAll = (): void => {
    const outputs = unflushed;
    unflushed = [];
    for (const output of outputs) output.flush();
  };
  const host = {
    options: resolved,
    clock,
    wheel,
    sharedRead: createSharedRead(),
    inputBlocks: new InputBlocks(),
    outputBlocks: new OutputBlocks(),
    get draining() {
      return draining;
    },
    flushLater(output) {
      if (unflushed.push(output) === 1) process.nextTick(flushAll);
    },
    takeHead: () => spareHeads.pop() ?? new VisitHead(),
    giveHead(head) {
      if (spareHeads.length < maxSpareHeads) spareHeads.push(head);
    },
    nextId: services.nextId,
    onVisit: services.onVisit,
    onRefused: services.onRefused ?? ignore,
    onClosed(connection) {
      connections.delete(connection);
      if (connections.size === 0) for (const resolve of whenEmpty.splice(0)) resolve();
    },
  } satisfies ConnectionHost;

  const server = createServer({
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    highWaterMark: 64 * 1024,
    pauseOnConnect: true,
  });
  server.maxConnections = resolved.maxConnections;
  server.on('connection', (socket: AcceptedSocket) => connections.add(new Http1Connection(socket, host)));

  function retire(): void {
    draining = true;
    for (const connection of connections) connection.drain();
  }

  async function drain(graceMs: number): Promise<void> {
    // Right behind a look for new connections: those that wait to be accepted when it closes are reset.
    await new Promise((resolve) => setImmediate(resolve));
    server.close(); // Connections that were taken over live on, and end with who took them.
    retire();
    if (connections.size > 0) {
      const empty = new Promise<void>((resolve) => void whenEmpty.push(resolve));
      const timer = clock.setTimer(() => {
        for (const connection of connections) connection.abort();
      }, graceMs);
      await empty;
      timer.cancel();
    }
  }

  return {
    listen: () =>
      new Promise<FrontAddress>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: resolved.host, port: resolved.port, backlog: 1024 }, () => {
          server.off('error', reject);
          server.on('error', ignore); // Running out of descriptors costs one connection, not the process.
          const { address, port } = server.address() as AddressInfo;
          resolve({ host: address, port });
        });
      }),
    retire,
    drain,
    adjust(changed) {
      host.options = resolveHttp1FrontOptions({ ...options, ...changed });
    },
    ref: () => void server.ref(),
    unref: () => void server.unref(),
  };
}

function ignore(): void {}
