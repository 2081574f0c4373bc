import { once } from 'node:events';
import { createServer, type Server, type ServerOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Connection, connect } from '@reverse-http/connector/node';
import { createGateway, type Gateway, toTarget } from '@reverse-http/gateway';

/** One server, and each way to it. */
export interface Served {
  readonly server: Server;
  /** Ports by the way that leads from there to the server. */
  readonly ports: ReadonlyMap<Way, number>;
}

export const ways = ['sink, websocket', 'sink, poll', 'connection, websocket', 'connection, poll'] as const;
export type Way = 'socket' | (typeof ways)[number];

/** A gateway with servers behind it that listen too. */
export class Stage {
  readonly #gateway: Gateway = createGateway({ listeners: [{ port: 0 }], auth: 'none' });
  readonly #servers = new Map<ServerOptions | undefined, Promise<Served>>();
  readonly #connections: Connection[] = [];
  /** What handlers failed with, as the connectors were told. */
  readonly failures: unknown[] = [];

  start(): Promise<void> {
    return this.#gateway.start();
  }

  /** The server made with these options. */
  serverOf(options: ServerOptions | undefined): Promise<Served> {
    let served = this.#servers.get(options);
    if (!served) {
      served = this.#serve(options, `s${this.#servers.size}`);
      this.#servers.set(options, served);
    }
    return served;
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.abort();
    for (const served of this.#servers.values()) (await served).server.close().closeAllConnections();
    await this.#gateway.abort();
  }

  async #serve(options: ServerOptions = {}, name: string): Promise<Served> {
    const server = createServer(options).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const ports = new Map<Way, number>([['socket', (server.address() as AddressInfo).port]]);
    for (const way of ways) ports.set(way, await this.#connect(server, `${name}-${way.replace(', ', '-')}`, way));
    return { server, ports };
  }

  async #connect(server: Server, target: string, way: string): Promise<number> {
    const connection = connect(server, {
      gateway: this.#gateway.url!,
      target,
      transport: way.endsWith('poll') ? 'poll' : 'websocket',
      fidelity: way.startsWith('sink') ? 'fast' : 'socket',
      logger: false,
      onError: (error, request) => void (request && this.failures.push(error)),
    });
    this.#connections.push(connection);
    await connection.ready;
    const listener = await this.#gateway.listen({ port: 0, routes: [toTarget(target)], transparent: true });
    return Number(new URL(listener.url).port);
  }
}
