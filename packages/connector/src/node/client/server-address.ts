/** Where a server listens. */
export interface ServerAddress {
  /** Addresses or names, in the order they are tried; none for a UNIX socket. */
  readonly hosts: readonly string[];
  readonly port: number;
  /** Path of a UNIX socket. */
  readonly socketPath: string | undefined;
  readonly secure: boolean;
  /** The name a certificate must be for: the URL's own host, whatever the `Host` field says. */
  readonly certificateName: string;
}

/** `localhost` is either: servers listen on one or the other. */
export const loopbackHosts = ['127.0.0.1', '::1'] as const;

/** Of an `http:` or `https:` URL. */
export function serverAddressOf({ protocol, hostname, port }: URL): ServerAddress {
  const secure = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/g, '');
  return {
    hosts: host === 'localhost' ? loopbackHosts : [host],
    port: port === '' ? (secure ? 443 : 80) : Number(port),
    socketPath: undefined,
    secure,
    certificateName: host,
  };
}
