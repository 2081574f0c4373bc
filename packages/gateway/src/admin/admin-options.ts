import { randomBytes } from 'node:crypto';
import { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { MetricsAdapter } from './admin-routes.js';

/** The gateway's option `admin`. */
export interface AdminOptions {
  /** Host and port in one, as `127.0.0.1:8081` or `[::1]:8081`. Not together with the other two. */
  readonly address?: string | undefined;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** Port; 0 takes a free one. Default 8081. */
  readonly port?: number | undefined;
  /** What the operator has to show. Default: one made at random, see {@link AdminListener.token}. */
  readonly token?: string | undefined;
  /** Host names served, without port, beside loopback and the listener's own address; others get 421. Default: none. */
  readonly hosts?: readonly string[] | undefined;
  /** What `/metrics` answers. Default: 404. */
  readonly metrics?: MetricsAdapter | undefined;
}

/** {@link AdminOptions} with every default filled in. */
export interface ResolvedAdminOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly hosts: readonly string[];
  readonly metrics: MetricsAdapter | undefined;
}

const addressPattern = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]/\s]+)):(\d{1,5})$/;
/** What a Bearer token can be written with (RFC 6750, section 2.1). */
const tokenPattern = /^[\w.~+/-]+=*$/;

/** @throws ReverseHttpError `bad-option` */
export function resolveAdminOptions(options: AdminOptions): ResolvedAdminOptions {
  const { token = `rhttp_admin_${randomBytes(24).toString('base64url')}`, hosts = [], metrics } = options;
  const { host, port } = options.address === undefined ? options : addressOf(options);
  if (!tokenPattern.test(token)) throw bad('token', 'expected letters, digits and -._~+/ only, and not nothing');
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535))
    throw bad('port', 'expected a port from 0 to 65535');
  return { host: host ?? '127.0.0.1', port: port ?? 8081, token, hosts, metrics };
}

function addressOf({ address, host, port }: AdminOptions): { readonly host: string; readonly port: number } {
  if (host !== undefined || port !== undefined)
    throw bad('address', 'stands beside host or port: give one or the other');
  const found = addressPattern.exec(address!);
  if (!found) throw bad('address', 'expected an address such as 127.0.0.1:8081 or [::1]:8081');
  return { host: found[1] ?? found[2]!, port: Number(found[3]) };
}

function bad(name: string, message: string): ReverseHttpError {
  return new ReverseHttpError('bad-option', `admin.${name}: ${message}`);
}
