import type { GatewayOptions } from '@reverse-http/gateway';
import { CommandError } from '../command-error.js';
import { addressOf } from '../listen-address.js';

/** Node's error when it cannot listen. */
interface ListenError extends NodeJS.ErrnoException {
  readonly port?: number;
  readonly address?: string;
}

/** Node's own error of a listener, as a line that says what to do. Other errors stay as they are. */
export function explainStartError(error: unknown, options: GatewayOptions): unknown {
  const { port } = error as ListenError;
  const hint = port === undefined ? '' : `: ${otherPort(options, port)}`;
  const line = listenProblem(error as ListenError, hint);
  return line === undefined ? error : new CommandError(line);
}

/**
 * One line about what kept a gateway from going over to other settings.
 *
 * @param before the settings that stay in force
 * @param file the configuration file as it was named
 */
export function explainReloadError(error: unknown, before: GatewayOptions, file: string | undefined): string {
  const { code, port, address, message } = error as ListenError;
  const own = before.listeners?.map(addressOf).find((its) => its.port === port);
  if (code === 'EADDRINUSE' && own) {
    return `Port ${port} on ${address} is taken by this gateway's own listener ${own.host}:${port}, which has to end first: start the gateway again`;
  }
  if (error instanceof CommandError) return firstOf(message.split('\n'), file);
  // What the file says is right by itself: only together with what runs it is not.
  const place = code === 'bad-option' && file !== undefined ? `${file}: ` : '';
  return listenProblem(error as ListenError, '') ?? `${place}${message}`;
}

function firstOf([first = '', ...others]: readonly string[], file: string | undefined): string {
  return others.length === 0 ? first : `${first} (and ${others.length} more: rhttp config check ${file})`;
}

function listenProblem({ code, port, address, syscall }: ListenError, hint: string): string | undefined {
  if (syscall === 'getaddrinfo') {
    return `No address is known for the host name to listen on: give --host one of this machine's addresses`;
  }
  if (port === undefined) return undefined;
  if (code === 'EADDRINUSE') {
    return `Port ${port} on ${address} is taken: end what listens there, or choose another one${hint}`;
  }
  if (code === 'EACCES') return `Port ${port} may not be opened by this user: choose one above 1023${hint}`;
  if (code === 'EADDRNOTAVAIL') {
    return `This machine has no address ${address} to listen on: give --host one that it has`;
  }
  return undefined;
}

function otherPort({ admin }: GatewayOptions, port: number): string {
  const isAdmin = typeof admin === 'object' && addressOf({ port: 8081, ...admin }).port === port;
  return isAdmin
    ? 'rhttp gateway --admin 127.0.0.1:8091 (or --admin off)'
    : `rhttp gateway --port ${port < 1024 ? 8080 : 8090}`;
}
