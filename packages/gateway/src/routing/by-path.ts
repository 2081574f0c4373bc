import { type Head, latin1, latin1Bytes } from '@reverse-http/protocol/http1';
import type { Route, RouteMatch } from './route.js';
import { isTargetId } from './target-id.js';

const slash = 0x2f;
const question = 0x3f;
const longestId = 63;

/**
 * Takes the target from the first segment after `prefix`: `/gw/A/x?y` is `/x?y` of target A. Compared on the raw bytes,
 * segment by segment, so that no encoding of a path can reach another target.
 *
 * @param prefix Starts with `/` and does not end with one; `/` alone makes the first segment the target.
 * @example byPath('/gw')
 */
export function byPath(prefix: string): Route {
  const base = prefix === '/' ? '' : prefix;
  if (prefix !== '/' && !/^(?:\/[A-Za-z0-9._~-]+)+$/.test(prefix)) {
    throw new TypeError(`byPath: "${prefix}" is not a path prefix such as "/gw"`);
  }
  const lead = latin1Bytes(`${base}/`);
  /** What was found last: the next request is often for the same target. */
  let known: RouteMatch = { target: '', prefix: '', bare: false };
  return {
    description: `path ${prefix}`,
    match(head) {
      const { bytes, pathStart, pathEnd } = head;
      for (let i = 0; i < lead.length; i++) if (bytes[pathStart + i] !== lead[i]) return undefined;
      const start = pathStart + lead.length;
      const end = segmentEnd(head, start);
      if (end === start || end > pathEnd) return undefined;
      const bare = end === pathEnd || bytes[end] === question;
      if (!bare && isText(bytes, start, end, known.target)) return known;
      const target = latin1(bytes, start, end);
      if (!isTargetId(target)) return undefined;
      const match = { target, prefix: `${base}/${target}`, bare };
      if (!bare) known = match;
      return match;
    },
    urlOf: (target, origin) => `${origin}${base}/${target}/`,
    sharesOrigin: true,
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

function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}
