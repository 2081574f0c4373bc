import { type Head, latin1Bytes } from '@reverse-http/protocol/http1';
import { KnownMatch } from './known-match.js';
import type { Route } from './route.js';

const slash = 0x2f;
const question = 0x3f;
const longestId = 63;

/** Settings of {@link byPath}. */
export interface PathRouteOptions {
  /**
   * Whether the server sees the whole path, prefix and target id included: nothing is taken away, added or redirected
   * then. Default false.
   */
  readonly keepPrefix?: boolean;
}

/**
 * Takes the target from the first segment after `prefix`: `/gw/A/x?y` is `/x?y` of target A. Compared on the raw bytes,
 * segment by segment, so that no encoding of a path can reach another target.
 *
 * @param prefix Starts with `/` and does not end with one; `/` alone makes the first segment the target.
 * @example byPath('/gw')
 */
export function byPath(prefix: string, options: PathRouteOptions = {}): Route {
  const base = prefix === '/' ? '' : prefix;
  if (prefix !== '/' && !/^(?:\/[A-Za-z0-9._~-]+)+$/.test(prefix)) {
    throw new TypeError(`byPath: "${prefix}" is not a path prefix such as "/gw"`);
  }
  const { keepPrefix = false } = options;
  if (typeof keepPrefix !== 'boolean') throw new TypeError('byPath: keepPrefix is neither true nor false');
  const lead = latin1Bytes(`${base}/`);
  const prefixOf = (target: string): string => (keepPrefix ? '' : `${base}/${target}`);
  const matches = new KnownMatch((target) => ({ target, prefix: prefixOf(target), bare: false, sharesOrigin: true }));
  const bareMatches = new KnownMatch((target) => ({
    target,
    prefix: prefixOf(target),
    bare: true,
    sharesOrigin: true,
  }));
  return {
    description: `path ${prefix}`,
    sharesOrigin: true,
    match(head) {
      const { bytes, pathStart, pathEnd } = head;
      for (let i = 0; i < lead.length; i++) if (bytes[pathStart + i] !== lead[i]) return undefined;
      const start = pathStart + lead.length;
      const end = segmentEnd(head, start);
      if (end > pathEnd) return undefined;
      const bare = end === pathEnd || bytes[end] === question;
      return (bare ? bareMatches : matches).of(bytes, start, end);
    },
    urlOf: (target, origin) => `${origin}${base}/${target}/`,
    servesHost: () => false,
  };
}

function segmentEnd({ bytes, pathEnd }: Head, start: number): number {
  let at = start;
  while (at < pathEnd && bytes[at] !== slash && bytes[at] !== question) {
    if (at++ - start > longestId) return start;
  }
  return at;
}
