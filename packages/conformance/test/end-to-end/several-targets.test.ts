import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { byTarget, connect } from '@reverse-http/connector/node';
import { createGateway, type Gateway } from '@reverse-http/gateway';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

let gateway: Gateway;
let server: Server;
beforeEach(async () => {
  gateway = createGateway({ listeners: [{ port: 0 }] });
  await gateway.start();
  server = createServer((request, response) => {
    const hash = createHash('sha256');
    request.on('data', (piece: Buffer) => hash.update(piece));
    request.on('end', () => response.end(hash.digest('hex')));
  });
  new WebSocketServer({ server }).on('connection', (socket) => socket.on('message', (text) => socket.send(text)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  await gateway.abort();
  server.close();
  server.closeAllConnections();
});

describe.each(['websocket', 'poll'] as const)('by %s', (transport) => {
  test('one session serves an http.Server, a port and a fetch handler, all at once', async () => {
    const { port } = server.address() as AddressInfo;
    const fetcher = async (request: { arrayBuffer(): Promise<ArrayBuffer> }) => ({
      body: hashOf(new Uint8Array(await request.arrayBuffer())),
    });
    const handlers = byTarget({ server, port: { to: port, hostHeader: 'rewrite' }, fetcher: { fetch: fetcher } });
    const connection = connect(handlers, { gateway: gateway.url!, token: gateway.token!, transport });
    await connection.ready;
    expect(gateway.sessions.size).toBe(1);
    const body = randomBytes(2 * 1024 * 1024);
    const visits = connection.targets.map(async ({ url }) => (await fetch(url, { method: 'POST', body })).text());
    expect(await Promise.all(visits)).toEqual([hashOf(body), hashOf(body), hashOf(body)]);
    for (const { url } of connection.targets.slice(0, 2)) {
      const socket = new WebSocket(url.replace('http', 'ws'));
      await once(socket, 'open');
      socket.send('hello');
      expect(String((await once(socket, 'message'))[0])).toBe('hello');
      socket.terminate();
    }
    await connection.close();
    await vi.waitUntil(() => gateway.targets.size === 0);
  });
});
