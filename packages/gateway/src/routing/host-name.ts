import { authorityOf, type Head } from '@reverse-http/protocol/http1';

/** Host name of an authority (`Example.com:8080`, `[::1]:80`): lower case, without port, brackets kept. */
function hostnameOf(authority: string): string {
  const colon = authority.startsWith('[') ? authority.indexOf(':', authority.indexOf(']')) : authority.indexOf(':');
  return (colon < 0 ? authority : authority.slice(0, colon)).toLowerCase();
}

/** Another host under the same scheme and port, as a URL that ends in `/`. */
export function originWithHost(origin: string, hostname: string): string {
  const { protocol, port } = new URL(origin);
  return `${protocol}//${hostname}${port === '' ? '' : `:${port}`}/`;
}

/**
 * Computes something from the host name of a request, once for a run of requests to the same host: nearly all requests
 * name the host that the one before named, and comparing its bytes costs less than decoding them.
 */
export class ByHostname<T> {
  readonly #compute: (hostname: string) => T;
  #known = '';
  #value: T;

  constructor(compute: (hostname: string) => T) {
    this.#compute = compute;
    this.#value = compute('');
  }

  of(head: Head): T {
    if (this.#isKnown(head)) return this.#value;
    this.#known = authorityOf(head);
    this.#value = this.#compute(hostnameOf(this.#known));
    return this.#value;
  }

  #isKnown(head: Head): boolean {
    const { bytes, hostIndex, positions } = head;
    if (hostIndex < 0 || head.authorityEnd > head.authorityStart) return false;
    const known = this.#known;
    const start = positions[hostIndex * 4 + 2]!;
    if (positions[hostIndex * 4 + 3]! - start !== known.length) return false;
    for (let i = 0; i < known.length; i++) if (bytes[start + i] !== known.charCodeAt(i)) return false;
    return true;
  }
}
