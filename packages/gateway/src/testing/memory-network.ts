import { EventEmitter } from 'node:events';
import type { AddressInfo, ListenOptions } from 'node:net';
import type { ListeningServer } from '../machine/machine.js';
import { type Line, MemoryConnection } from './memory-connection.js';
import { type MemoryPeer, type MemorySocket, refusedSocket } from './memory-socket.js';

/** A network in memory: what would listen on ports of this machine, and who connects to it. */
export interface MemoryNetwork {
  createServer(): ListeningServer;
  /** Connects to whatever listens on `port`, else to what has listened for longest; refused (`ECONNREFUSED`) where nothing does. */
  dial(port: number, line: Line, from: string): MemorySocket;
  /** Nothing listens any more, and every connection is reset: as when the process behind it is killed. */
  kill(): void;
}

/** A host with several servers. */
interface Host {
  readonly servers: Map<number, MemoryServer>;
  nextPort(): number;
}

const gatewayAddress = '127.0.0.1';
/** Where a listener that asked for any port is; and where those come from who dial. */
const firstPort = 40_000;
const firstDialPort = 50_000;

/** Makes a {@link MemoryNetwork}. */
export function createMemoryNetwork(): MemoryNetwork {
  const servers = new Map<number, MemoryServer>();
  const connections = new Set<MemoryConnection>();
  let ports = firstPort;
  let dials = firstDialPort;
  const host: Host = { servers, nextPort: () => ports++ };

  return {
    createServer: () => new MemoryServer(host),
    dial(port, line, address) {
      const server = servers.get(port) ?? [...servers.values()][0];
      const from: MemoryPeer = { address, port: dials++ };
      const to: MemoryPeer = { address: gatewayAddress, port };
      if (!server) return refusedSocket(to);
      const connection = new MemoryConnection(line, from, to);
      connections.add(connection);
      connection.far.once('close', () => connections.delete(connection));
      server.emit('connection', connection.far);
      return connection.near;
    },
    kill() {
      servers.clear();
      for (const connection of connections) connection.cut();
    },
  };
}

class MemoryServer extends EventEmitter implements ListeningServer {
  maxConnections = Number.POSITIVE_INFINITY;
  readonly #host: Host;
  #address: AddressInfo | null = null;

  constructor(host: Host) {
    super();
    this.#host = host;
  }

  listen({ host: address = gatewayAddress, port = 0 }: ListenOptions, onListening: () => void): this {
    const { servers, nextPort } = this.#host;
    const wanted = port === 0 ? nextPort() : port;
    process.nextTick(() => {
      if (servers.has(wanted)) return void this.emit('error', taken(address, wanted));
      servers.set(wanted, this);
      this.#address = { address, port: wanted, family: address.includes(':') ? 'IPv6' : 'IPv4' };
      onListening();
    });
    return this;
  }

  address(): AddressInfo | null {
    return this.#address;
  }

  close(): this {
    const { servers } = this.#host;
    const port = this.#address?.port ?? 0;
    if (servers.get(port) === this) servers.delete(port);
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

function taken(address: string, port: number): Error {
  return Object.assign(new Error(`listen EADDRINUSE: address already in use ${address}:${port}`), {
    code: 'EADDRINUSE',
  });
}
