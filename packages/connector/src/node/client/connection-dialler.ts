import { connect as connectSocket, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '@reverse-http/protocol/session';
import { ClientConnection, type ConnectionKeeper } from './client-connection.js';
import { createLookup } from './lookup.js';
import type { ServerAddress } from './server-address.js';
import { type CertificateOptions, secureOptions, socketOptions } from './socket-options.js';

/** What a dialler needs. */
export interface ConnectionDiallerOptions {
  readonly address: ServerAddress;
  /** How a certificate is checked, and what is shown of ours. */
  readonly tls: CertificateOptions;
  /** How long connecting may take, with TLS, ms. */
  readonly connectTimeoutMs: number;
  /** Where a connection's user puts what leaves together, bytes. */
  readonly blockBytes: number;
  readonly clock: Clock;
}

/** How dialling ended; exactly one is called, once, unless it was cancelled. */
export interface DialListener {
  onConnected(connection: ClientConnection): void;
  onFailed(error: NodeJS.ErrnoException): void;
}

/** Opens connections to a server. */
export interface ConnectionDialler {
  /** Opens one, trying the server's addresses in turn, the one that worked last before the others; returns how to give up. */
  dial(keeper: ConnectionKeeper, listener: DialListener): () => void;
}

/** One buffer serves all sockets: without it each read allocates 64 KiB (docs/decisions/0002). */
const readBytes = 64 * 1024;

/** Makes an {@link ConnectionDialler}. */
export function createConnectionDialler(options: ConnectionDiallerOptions): ConnectionDialler {
  const { address, clock } = options;
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  const open = socketOpener(options, buffer);
  const candidates = Math.max(1, address.hosts.length);
  let preferred = 0;

  return {
    dial(keeper, listener) {
      let tried = 0;
      let error: NodeJS.ErrnoException | undefined;
      let hangUp = (): void => {};

      const attempt = (): void => {
        const index = (preferred + tried++) % candidates;
        let connection: ClientConnection | undefined;
        const socket = open(index, (bytes) => connection?.onBytes(bytes));
        const onError = (cause: NodeJS.ErrnoException): void => {
          socket.destroy();
          if (error === undefined || weightOf(cause) > weightOf(error)) error = cause;
          if (tried < candidates) attempt();
          else fail(error);
        };
        hangUp = () => {
          socket.off('error', onError).on('error', () => {});
          socket.destroy();
        };
        socket.once('error', onError);
        socket.once(address.secure ? 'secureConnect' : 'connect', () => {
          timer.cancel();
          socket.off('error', onError);
          preferred = index;
          connection = new ClientConnection(socket, keeper, options.blockBytes);
          listener.onConnected(connection);
        });
      };
      const fail = (cause: NodeJS.ErrnoException): void => {
        timer.cancel();
        listener.onFailed(cause);
      };
      const timer = clock.setTimer(() => {
        hangUp();
        listener.onFailed(Object.assign(new Error('connecting took too long'), { code: 'ETIMEDOUT' }));
      }, options.connectTimeoutMs);
      attempt();
      return () => {
        timer.cancel();
        hangUp();
      };
    },
  };
}

/** Which of several errors tells most: somebody answered; nobody listens; this machine has no such address. */
function weightOf({ code }: NodeJS.ErrnoException): number {
  if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'ENETUNREACH') return 0;
  return code === 'ECONNREFUSED' ? 1 : 2;
}

type OpenSocket = (index: number, onBytes: (bytes: Uint8Array) => void) => Socket;

function socketOpener({ address, tls }: ConnectionDiallerOptions, buffer: Buffer): OpenSocket {
  const lookup = createLookup();
  const where = (index: number) =>
    address.socketPath === undefined
      ? { host: address.hosts[index]!, port: address.port, lookup }
      : { path: address.socketPath };
  if (address.secure) {
    const secure = secureOptions(address, tls);
    return (index, onBytes) =>
      connectTls({ ...secure, ...where(index) })
        .on('data', onBytes)
        .unref();
  }
  return (index, onBytes) => {
    const onread = {
      buffer,
      callback: (length: number): boolean => {
        onBytes(buffer.subarray(0, length));
        return true;
      },
    };
    // What keeps the process alive is the connection to the gateway.
    return connectSocket({ ...socketOptions, ...where(index), onread } as TcpNetConnectOpts).unref();
  };
}
