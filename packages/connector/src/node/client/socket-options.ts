import { isIP } from 'node:net';
import type { ConnectionOptions, SecureContextOptions } from 'node:tls';
import type { ServerAddress } from './server-address.js';

/** How a server's certificate is checked, and what is shown of ours. */
export type CertificateOptions = SecureContextOptions & { readonly rejectUnauthorized?: boolean };

/** Silence before the system asks whether the other machine is still there, ms. */
const probeAfterMs = 60_000;

interface SocketOptions {
  readonly allowHalfOpen: boolean;
  readonly noDelay: boolean;
  readonly keepAlive: boolean;
  readonly keepAliveInitialDelay: number;
}

/** What every connection to a server has. */
export const socketOptions: SocketOptions = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: probeAfterMs,
};

/** What those with TLS have beside it. */
export function secureOptions({ certificateName }: ServerAddress, tls: CertificateOptions): ConnectionOptions {
  return {
    ...tls,
    ...socketOptions,
    // An address is no name that could be asked for (RFC 6066, section 3); the certificate must be for it all the same.
    ...(isIP(certificateName) === 0 ? { servername: certificateName } : {}),
    ALPNProtocols: ['http/1.1'],
  };
}
