import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, beforeAll } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { DialledTransport } from '../../../connector/src/link/dialler.js';
import { createWebSocketDialler } from '../../../connector/src/node/transport/web-socket.js';
import { nodeClock } from '../../../gateway/src/machine/node-clock.js';
import { TunnelBlocks, TunnelReads } from '../../../gateway/src/tunnel/tunnel-reads.js';
import { WebSocketTransport } from '../../../gateway/src/tunnel/web-socket-transport.js';
import { describeTransport } from '../../../protocol/test/transport-suite/describe-transport.js';

let server: WebSocketServer;
beforeAll(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await once(server, 'listening');
});
afterAll(() => void server.close());

// The two ends that connectors and the gateway use, over a real socket.
describeTransport('websocket', async () => {
  const accepted = once(server, 'connection') as Promise<[WebSocket, { socket: Socket }]>;
  const gateway = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const connector = await new Promise<DialledTransport>((resolve, reject) => {
    createWebSocketDialler().dial(gateway, { onOpened: resolve, onFailed: reject });
  });
  const [webSocket, { socket }] = await accepted;
  return {
    gateway: new WebSocketTransport(webSocket, socket, nodeClock, new TunnelReads(new TunnelBlocks())),
    connector,
    cut: () => socket.resetAndDestroy(),
  };
});
