import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { resetSocket } from './reset-socket.js';

test('a connection that is being ended is closed, and no handle of it is left', async () => {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  const errors: unknown[] = [];
  socket.on('error', (error) => errors.push(error));
  socket.end();
  // The shutdown is asked for at the turn's end, and over a round of the loop later.
  await new Promise<void>((resolve) => process.nextTick(() => process.nextTick(resolve)));
  resetSocket(socket);
  await once(socket, 'close');
  expect(errors).toEqual([]);
  const [far] = await accepted;
  far.destroy();
  server.close();
});
