import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createUrlAcceptor, type UrlAcceptor } from '../../src/node/handler/url.js';
import { nodeClock } from '../../src/node/node-clock.js';
import type { Origin } from '../../src/node/origin/origin-address.js';
import type { OriginOptions } from '../../src/node/origin/origin-options.js';
import { createMemoryPair, type MemoryPair } from './memory-pair.js';

/** One connection as a raw origin sees it. */
export class RawConnection {
  readonly socket: Socket;
  /** Which of the origin's connections it is, from 0 on. */
  readonly index: number;
  /** All bytes that came, latin1. */
  received = '';
  ended = false;
  closed = false;
  #watchers: (() => void)[] = [];

  constructor(socket: Socket, index: number) {
    this.socket = socket;
    this.index = index;
    socket.on('data', (data: Buffer) => {
      this.received += data.toString('latin1');
      this.#changed();
    });
    socket.on('end', () => {
      this.ended = true;
      this.#changed();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#changed();
    });
  }

  /** Resolves once `test` holds; it is tried whenever something came. */
  until(test: (connection: this) => boolean): Promise<this> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (test(this)) resolve(this);
        else this.#watchers.push(look);
      };
      look();
    });
  }

  /** So many heads have come. */
  heads(count: number): Promise<this> {
    return this.until(({ received }) => received.split('\r\n\r\n').length > count);
  }

  write(text: string | Uint8Array): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  #changed(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const look of watchers) look();
  }
}

/** A server of bare sockets, and a gateway's session whose exchanges are forwarded to it. */
export interface OriginPair extends MemoryPair {
  readonly port: number;
  readonly url: UrlAcceptor;
  readonly connections: RawConnection[];
  readonly log: string[];
  readonly server: Server;
  /** The connection of that index, once it is there. */
  connection(index: number): Promise<RawConnection>;
  stop(): Promise<void>;
}

export interface OriginPairOptions extends OriginOptions {
  /** Forwarded to instead of the port. */
  readonly origin?: (port: number) => Origin;
  /** In place of a server of bare sockets. */
  readonly server?: Server;
  readonly listen?: string;
}

/** Listens, and forwards to it. `serve` is called for each connection. */
export async function createOriginPair(
  serve: (connection: RawConnection) => unknown = () => {},
  { origin, server: given, listen, ...options }: OriginPairOptions = {},
): Promise<OriginPair> {
  const connections: RawConnection[] = [];
  let watchers: (() => void)[] = [];
  const server = given ?? createServer({ allowHalfOpen: true });
  server.on(given ? 'secureConnection' : 'connection', (socket: Socket) => {
    const connection = new RawConnection(socket, connections.length);
    connections.push(connection);
    void serve(connection);
    const now = watchers;
    watchers = [];
    for (const look of now) look();
  });
  await new Promise<void>((resolve) => {
    if (listen === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(listen, resolve);
  });
  const port = listen === undefined ? (server.address() as AddressInfo).port : 0;
  const log: string[] = [];
  const line = (text: string): void => void log.push(text);
  const url = createUrlAcceptor({
    origin: origin?.(port) ?? `http://127.0.0.1:${port}`,
    options,
    clock: nodeClock,
    logger: { info: line, warn: line, error: line },
    onFailure: ({ code, message }) => line(`${code}: ${message}`),
  });
  const pair = createMemoryPair(url);
  return {
    ...pair,
    port,
    url,
    connections,
    log,
    server,
    connection: (index) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (connections[index]) resolve(connections[index]);
          else watchers.push(look);
        };
        look();
      }),
    async stop() {
      pair.close();
      url.close();
      for (const { socket } of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An answer that says how long it is. */
export function answer(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}
