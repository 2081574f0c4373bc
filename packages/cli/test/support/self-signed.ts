import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import type { Listening } from './servers.js';

/**
 * A server for `localhost` whose certificate nobody signed but itself; the certificate is in `FOLDER/self-signed.pem`. It
 * answers everything, or passes all bytes on to a port of this machine.
 */
export async function listenSelfSigned(folder: string, to?: number): Promise<Listening<Server | TlsServer>> {
  const key = join(folder, 'self-signed.key');
  const cert = join(folder, 'self-signed.pem');
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  execFileSync(
    'openssl',
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext ${names} -keyout ${key} -out ${cert}`.split(
      ' ',
    ),
    { stdio: 'ignore' },
  );
  const identity = { key: readFileSync(key), cert: readFileSync(cert) };
  const open = new Set<Socket>();
  const server =
    to === undefined
      ? createServer(identity, (_, response) => response.end('secure'))
      : createTlsServer(identity, (socket) => passOn(socket, connect(to, '127.0.0.1')));
  server.on('connection', (socket: Socket) => open.add(socket.once('close', () => open.delete(socket))));
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}

function passOn(...[one, other]: [Socket, Socket]): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on('error', () => {});
    from.on('close', () => to.destroy());
    from.pipe(to);
  }
}
