import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Connection, connect, type NodeHandler } from '@reverse-http/connector/node';
import { createGateway, type Gateway } from '@reverse-http/gateway';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let gateway: Gateway;
let connection: Connection;
const errors: unknown[] = [];

beforeEach(async () => {
  gateway = createGateway({ listeners: [{ port: 0 }], auth: 'none' });
  await gateway.start();
  errors.length = 0;
});
afterEach(async () => {
  connection.abort();
  await gateway.abort();
});

async function serve(handler: NodeHandler): Promise<string> {
  connection = connect(handler, {
    gateway: gateway.url!,
    target: 'A',
    fidelity: 'socket',
    logger: false,
    onError: (error) => void errors.push(error),
  });
  return (await connection.ready).url;
}

const answering = (_req: IncomingMessage, res: ServerResponse): void => void res.end('x');

describe("with fidelity: 'socket'", () => {
  test('the server is told of a connection for each exchange', async () => {
    const server: Server = createServer(answering);
    const sockets: Socket[] = [];
    server.on('connection', (socket) => sockets.push(socket));
    const url = await serve(server);
    for (let i = 0; i < 3; i++) expect(await (await fetch(url)).text()).toBe('x');
    expect(new Set(sockets).size).toBe(3);
    expect(sockets[0]!.remoteAddress).toBe('127.0.0.1');
  });

  test("what the server's parser does not take is a clientError", async () => {
    const server = createServer({ maxHeaderSize: 2048 }, answering);
    const codes: unknown[] = [];
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      codes.push(error.code);
      socket.end('HTTP/1.1 431 Too Much\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    });
    const url = await serve(server);
    expect((await fetch(url, { headers: { 'X-Long': 'v'.repeat(4000) } })).status).toBe(431);
    expect(codes).toEqual(['HPE_HEADER_OVERFLOW']);
  });

  test('a function whose promise is rejected ends its exchange alone', async () => {
    const url = await serve(async () => {
      throw new Error('no');
    });
    expect((await fetch(url)).status).toBe(500);
    expect(errors.map(String)).toEqual(['Error: no']);
  });
});
