/** Where something listens, as the options of a gateway have it. */
interface ListenAddress {
  readonly address?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

const defaultPort = 8080;

/** Host and port of a listener's options, with the defaults of a visitors' listener. */
export function addressOf({ address, host, port }: ListenAddress): { readonly host: string; readonly port: number } {
  const colon = address?.lastIndexOf(':') ?? -1;
  if (address !== undefined && colon >= 0) {
    return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
  }
  return { host: host ?? '127.0.0.1', port: port ?? defaultPort };
}

/** Whether a listener is reached from this machine alone. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d+){3}$/.test(host);
}

/** Whether an address stands for all of the machine's. */
export function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
