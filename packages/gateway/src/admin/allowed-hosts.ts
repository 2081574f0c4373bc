const hostPattern = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/;
const loopback = /^(?:localhost|.+\.localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/**
 * Whether the admin listener answers a request's `Host`. A page of a stranger's whose name suddenly leads to this machine
 * (DNS rebinding) reads nothing: its browser names its own host.
 *
 * @param host the field; undefined for an HTTP/1.0 request without one, which no browser sends
 * @param localAddress the address at which this connection arrived: an address in `Host` was not looked up in any DNS
 */
export type IsAllowedHost = (host: string | undefined, localAddress: string | undefined) => boolean;

/** @param names Names or addresses, without port, that are served beside loopback and the listener's own address. */
export function createAllowedHosts(names: readonly string[]): IsAllowedHost {
  const allowed = new Set(names.map(canonical));
  return (host, localAddress) => {
    if (host === undefined) return true;
    const name = hostPattern.exec(host.toLowerCase())?.[1];
    if (name === undefined) return false;
    const known = canonical(name);
    return (
      loopback.test(known) || allowed.has(known) || (localAddress !== undefined && known === canonical(localAddress))
    );
  };
}

/** Lower case, an IPv6 address in brackets and its shortest form, an IPv4 address inside one as itself. */
function canonical(host: string): string {
  const bare = host.toLowerCase().replace(/^\[|\]$/g, '');
  if (!bare.includes(':')) return bare;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  const url = `http://[${bare}]`;
  return URL.canParse(url) ? new URL(url).hostname : `[${bare}]`;
}
