import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Connection, connect, type ReverseHttpError } from '../src/node/index.js';
import { createFakeGateway, type FakeGateway } from './harness/fake-gateway.js';
import { answer } from './harness/raw-origin.js';

let gateway: FakeGateway;
let connection: Connection | undefined;
let origin: Server;
let port: number;
let sockets: Socket[];
beforeEach(async () => {
  gateway = await createFakeGateway();
  sockets = [];
  origin = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (data: Buffer) => {
      if (!data.includes('/silent')) socket.write(data.includes('/bad') ? 'bad' : answer('ok'));
    });
  });
  await new Promise<void>((resolve) => void origin.listen(0, '127.0.0.1', resolve));
  ({ port } = origin.address() as AddressInfo);
});
afterEach(async () => {
  connection?.abort();
  await connection?.closed;
  await gateway.close();
  for (const socket of sockets) socket.destroy();
  origin.close();
});

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => void socket.on('close', () => resolve()));

describe('connect to a server that listens', () => {
  for (const kind of ['number', 'text', 'host:port', 'text URL', 'URL'] as const) {
    it(`given as ${kind} forwards to it`, async () => {
      const address = `http://127.0.0.1:${port}`;
      const handler = {
        number: port,
        text: `${port}`,
        'host:port': `localhost:${port}`,
        'text URL': address,
        URL: new URL(address),
      }[kind];
      connection = connect(handler, { gateway: gateway.url, target: 'A', transport: 'websocket', logger: false });
      await connection.ready;
      expect((await gateway.visit().done()).text).toBe('ok');
    });
  }

  it('lets go of its connections when it is closed', async () => {
    connection = connect(port, { gateway: gateway.url, target: 'A', transport: 'websocket', logger: false });
    await connection.ready;
    await gateway.visit().done();
    const gone = closed(sockets[0]!);
    await connection.close();
    await gone;
  });

  it('breaks off what runs when it is aborted', async () => {
    connection = connect(port, { gateway: gateway.url, target: 'A', transport: 'websocket', logger: false });
    await connection.ready;
    gateway.visit({ path: '/silent' });
    while (sockets.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const gone = closed(sockets[0]!);
    connection.abort();
    await gone;
  });

  for (const heard of [true, false]) {
    it(`tells ${heard ? 'onError, and the logger of changes' : 'the logger'} what goes wrong`, async () => {
      const errors: string[] = [];
      const lines: string[] = [];
      const line = (text: string): void => void lines.push(text);
      connection = connect(port, {
        gateway: gateway.url,
        target: 'A',
        transport: 'websocket',
        logger: { info: () => {}, warn: line, error: line },
        ...(heard ? { onError: (error: unknown) => errors.push((error as ReverseHttpError).code) } : {}),
      });
      await connection.ready;
      await gateway.visit({ path: '/bad' }).done();
      await new Promise((resolve) => origin.close(resolve));
      for (let i = 0; i < 3; i++) await gateway.visit().done();
      expect(errors).toEqual(heard ? ['bad-answer', 'origin-refused'] : []);
      const hint = `Nothing listens on 127.0.0.1:${port} yet; visitors get 502 origin-refused until it does.`;
      const fault = `the answer of 127.0.0.1:${port} is no good: the answer is not HTTP/1`;
      expect(lines).toEqual(heard ? [hint] : [fault, hint]);
    });
  }
});
