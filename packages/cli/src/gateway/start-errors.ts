import type { GatewayOptions } from '@reverse-http/gateway';
import { CommandError } from '../command-error.js';
import { addressOf } from '../listen-address.js';

/** Node's own error of a listener, as a line that says what to do. Other errors stay as they are. */
export function explainStartError(error: unknown, options: GatewayOptions): unknown {
  const { code, port, address, syscall } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (syscall === 'getaddrinfo') {
    return new CommandError(
      `No address is known for the host name to listen on: give --host one of this machine's addresses`,
    );
  }
  if (port === undefined) return error;
  const other = otherPort(options, port);
  if (code === 'EADDRINUSE') {
    return new CommandError(
      `Port ${port} on ${address} is taken: end what listens there, or choose another one: ${other}`,
    );
  }
  if (code === 'EACCES') {
    return new CommandError(`Port ${port} may not be opened by this user: choose one above 1023: ${other}`);
  }
  if (code === 'EADDRNOTAVAIL') {
    return new CommandError(`This machine has no address ${address} to listen on: give --host one that it has`);
  }
  return error;
}

function otherPort({ admin }: GatewayOptions, port: number): string {
  const isAdmin = typeof admin === 'object' && addressOf({ port: 8081, ...admin }).port === port;
  return isAdmin
    ? 'rhttp gateway --admin 127.0.0.1:8091 (or --admin off)'
    : `rhttp gateway --port ${port < 1024 ? 8080 : 8090}`;
}
