import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, connect, type NodeConnectOptions } from '@reverse-http/connector/node';
import { createGateway, type Gateway } from '@reverse-http/gateway';
import { expect, vi } from 'vitest';
import { listenSelfSigned } from '../../../cli/test/support/self-signed.js';
import { createTestServer, hashOfPattern, patternedBytes } from '../support/test-server.js';

/** A gateway, with and without TLS, and what connects to it. */
export interface Site {
  readonly gateway: Gateway;
  readonly url: string;
  /** The same gateway by `https:`, with a certificate that {@link connect} trusts. */
  readonly secureUrl: string;
  /** Connects a test server as target `A`; ended with the site. */
  connect(options: Partial<NodeConnectOptions>): Connection;
  /** A visitor's download and upload of 1 MiB each arrive whole. */
  exchangeBodies(): Promise<void>;
  /** Ends the connections of the moment; resolves when the gateway has heard of it. */
  leave(): Promise<void>;
  close(): Promise<void>;
}

/** Resolves when a connection was not lost for 5 s, as its states so far tell, and signs of life came all the while. */
export async function staysUp(connection: Connection, lostAt: () => number): Promise<void> {
  const stays = (): boolean => (connection.lastRoundTripAt ?? 0) - lostAt() > 5000;
  await vi.waitUntil(stays, { timeout: 30_000, interval: 100 });
}

/** Starts a {@link Site}. */
export async function startSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'rhttp-site-'));
  const gateway = createGateway({ listeners: [{ port: 0 }] });
  await gateway.start();
  const url = gateway.url!;
  const secure = await listenSelfSigned(folder, Number(new URL(url).port));
  const ca = readFileSync(join(folder, 'self-signed.pem'));
  const connections = new Set<Connection>();
  const leave = async (): Promise<void> => {
    for (const connection of connections) connection.abort();
    connections.clear();
    await vi.waitUntil(() => gateway.targets.size === 0);
  };
  return {
    gateway,
    url,
    secureUrl: `https://localhost:${secure.port}`,
    connect(options) {
      const common = { gateway: url, target: 'A', token: gateway.token!, tls: { ca }, logger: false } as const;
      const connection = connect(createTestServer(), { ...common, ...options });
      connections.add(connection);
      return connection;
    },
    async exchangeBodies() {
      const bytes = 1024 * 1024;
      const down = Buffer.from(await (await fetch(`${url}/gw/A/down?bytes=${bytes}`)).arrayBuffer());
      expect(down.equals(Buffer.concat([...patternedBytes(bytes)]))).toBe(true);
      const up = await fetch(`${url}/gw/A/up`, { method: 'POST', body: down });
      expect(await up.text()).toBe(hashOfPattern(bytes));
    },
    leave,
    async close() {
      await leave();
      await gateway.abort();
      await secure.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
