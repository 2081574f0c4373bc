import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Server as SocketServer } from 'node:net';

/** A server that listens on a free port of this machine. */
export interface Listening<T> {
  readonly server: T;
  readonly port: number;
  close(): Promise<void>;
}

export function listenHttp(listener: RequestListener): Promise<Listening<Server>> {
  return listening(createServer(listener));
}

/** A server that writes the same bytes to everybody who says something. */
export function listenRaw(answer: string): Promise<Listening<SocketServer>> {
  return listening(
    createSocketServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(answer));
    }),
  );
}

/** A port where nothing listens. */
export async function freePort(): Promise<number> {
  const { port, close } = await listenRaw('');
  await close();
  return port;
}

async function listening<T extends SocketServer | Server>(server: T): Promise<Listening<T>> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    server,
    port,
    async close() {
      if (!server.listening) return;
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
