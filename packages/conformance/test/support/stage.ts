import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import type { FetchFunction } from '@reverse-http/connector';
import { byTarget, type Connection, connect } from '@reverse-http/connector/node';
import {
  type AccessLogEntry,
  createGateway,
  type Gateway,
  type GatewayOptions,
  type ListenerOptions,
  toTarget,
} from '@reverse-http/gateway';
import { expect, vi } from 'vitest';
import { type RawVisitor, visit } from '../../../gateway/test/support/raw-visitor.js';

/** What serves a target: an `http.Server` in this process, a fetch-style handler, a server elsewhere that is forwarded to. */
export const kinds = ['server', 'fetch', 'url'] as const;
export type Kind = (typeof kinds)[number];
export const transports = ['websocket', 'poll'] as const;
export type Transport = (typeof transports)[number];

/** Every kind of handler over every transport, for `describe.each`. */
export const places: readonly (readonly [Kind, Transport])[] = kinds.flatMap((kind) =>
  transports.map((transport) => [kind, transport] as const),
);

/** What stands behind the gateway; each has to answer `GET /healthy` with `healthy`. */
export interface Apps {
  readonly server: HttpServer;
  readonly fetch: FetchFunction;
  readonly url: HttpServer | NetServer;
}

/** Secret that requests carry: no log line may have it. */
export const secret = 's3cret';

/** A gateway with a listener for each kind of handler and transport, whose bytes are all the target's. */
export interface Stage {
  readonly gateway: Gateway;
  /** One line a visit, in the order of their ends. */
  readonly log: AccessLogEntry[];
  /** What was told to the operator. */
  readonly told: unknown[];
  urlOf(kind: Kind, transport: Transport): string;
  visit(kind: Kind, transport: Transport, bytes?: string, answersEnd?: boolean): Promise<RawVisitor>;
  /** Asks on a new connection, as the visitor after a hostile one does, and looks through the log. */
  healthy(kind: Kind, transport: Transport): Promise<void>;
  close(): Promise<void>;
}

/** Starts a {@link Stage}. */
export async function startStage(
  apps: Apps,
  options: GatewayOptions = {},
  listener: Omit<ListenerOptions, 'port' | 'routes'> = {},
): Promise<Stage> {
  const log: AccessLogEntry[] = [];
  const told: unknown[] = [];
  const gateway = createGateway({
    listeners: [{ port: 0 }],
    ...options,
    accessLog: (entry) => void log.push(entry),
    onError: (error) => void told.push(error),
  });
  await gateway.start();
  const sockets = new Set<Socket>();
  apps.url.on('connection', (socket: Socket) => void sockets.add(socket.on('close', () => sockets.delete(socket))));
  apps.url.listen(0, '127.0.0.1');
  await once(apps.url, 'listening');
  const { port } = apps.url.address() as AddressInfo;
  const connections: Connection[] = [];
  const urls = new Map<string, string>();
  for (const transport of transports) {
    const handlers = { server: apps.server, fetch: { fetch: apps.fetch }, url: port };
    const named = Object.fromEntries(kinds.map((kind) => [`${kind}-${transport}`, handlers[kind]]));
    const { url, token } = gateway;
    const connection = connect(byTarget(named), { gateway: url!, token: token!, transport, onError: () => {} });
    connections.push(connection);
    await connection.ready;
    for (const kind of kinds) {
      const id = `${kind}-${transport}`;
      urls.set(id, (await gateway.listen({ port: 0, ...listener, routes: [toTarget(id)] })).url);
    }
  }
  const urlOf = (kind: Kind, transport: Transport): string => urls.get(`${kind}-${transport}`)!;
  const start: Stage['visit'] = (kind, transport, bytes, answersEnd) =>
    visit(urlOf(kind, transport), bytes, answersEnd);

  async function healthy(kind: Kind, transport: Transport): Promise<void> {
    const visitor = await start(
      kind,
      transport,
      'GET /healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    );
    expect(await visitor.closed()).toMatch(/^HTTP\/1\.1 200 [\s\S]*healthy/);
    expect(JSON.stringify(log)).not.toContain(secret);
  }

  return {
    gateway,
    log,
    told,
    urlOf,
    visit: start,
    healthy,
    async close() {
      for (const connection of connections) connection.abort();
      await gateway.abort();
      apps.url.close();
      for (const socket of sockets) socket.destroy();
      await vi.waitUntil(() => gateway.targets.size === 0);
    },
  };
}
