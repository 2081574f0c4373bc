import { Field, type Head, latin1Bytes } from '@reverse-http/protocol/http1';
import { KnownMatch } from './known-match.js';
import type { Route } from './route.js';

/** Settings of {@link byCookie}. */
export interface CookieRouteOptions {
  /**
   * Path of an endpoint that sets the cookie (`?target=A&to=/x`), below `/.well-known/reverse-http/`, as
   * `/.well-known/reverse-http/select`: only a page of the same origin can send a visitor there. Default: none.
   */
  readonly select?: string;
}

const semicolon = 0x3b;
const equals = 0x3d;
const space = 0x20;
const tab = 0x09;
const cr = 0x0d;

/** What the tunnel has at the same place. */
const tunnelEndpoints: readonly string[] = ['websocket', 'hello', 'poll', 'post', 'problems'];

/**
 * Takes the target from a cookie; the server sees path and cookie as they came. A request that brings the cookie more
 * than once, or with what is no target id, is left to the next route.
 *
 * @example byCookie('target', { select: '/.well-known/reverse-http/select' })
 */
export function byCookie(name: string, options: CookieRouteOptions = {}): Route {
  if (typeof name !== 'string' || !/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name))
    throw new TypeError(`byCookie: "${name}" is not a cookie name`);
  const { select } = options;
  if (select !== undefined) checkSelect(select);
  const nameBytes = latin1Bytes(name);
  const matches = new KnownMatch((target) => ({ target, prefix: '', bare: false, sharesOrigin: true }));
  return {
    description: `cookie ${name}`,
    sharesOrigin: true,
    variesBy: 'Cookie',
    ...(select === undefined ? {} : { select: { path: select, cookie: name } }),
    match(head) {
      const start = onlyCookie(head, nameBytes);
      return start < 0 ? undefined : matches.of(head.bytes, start, valueEnd(head.bytes, start));
    },
    urlOf: (_, origin) => `${origin}/`,
    servesHost: () => false,
  };
}

function checkSelect(path: string): void {
  const found = /^\/\.well-known\/reverse-http\/([A-Za-z0-9._~-]+)$/.exec(path);
  if (!found || tunnelEndpoints.includes(found[1]!))
    throw new TypeError(`byCookie: select "${path}" is not a path such as "/.well-known/reverse-http/select"`);
}

/** Where the value of the only cookie of that name begins; -1 when there is none, or more than one. */
function onlyCookie(head: Head, name: Uint8Array): number {
  const { bytes, ids, positions, count } = head;
  let found = -1;
  for (let i = 0; i < count; i++) {
    if (ids[i] !== Field.Cookie) continue;
    const end = positions[i * 4 + 3]!;
    for (let at = positions[i * 4 + 2]!; at < end; at++) {
      while (at < end && (bytes[at] === space || bytes[at] === tab)) at++;
      if (isNamed(bytes, at, end, name)) {
        if (found >= 0) return -1;
        found = at + name.length + 1;
      }
      while (at < end && bytes[at] !== semicolon) at++;
    }
  }
  return found;
}

function isNamed(bytes: Uint8Array, at: number, end: number, name: Uint8Array): boolean {
  if (at + name.length >= end || bytes[at + name.length] !== equals) return false;
  for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name[i]) return false;
  return true;
}

/** Up to the next pair or the line's end, without white space behind it. */
function valueEnd(bytes: Uint8Array, start: number): number {
  let end = start;
  while (bytes[end] !== semicolon && bytes[end] !== cr) end++;
  while (end > start && (bytes[end - 1] === space || bytes[end - 1] === tab)) end--;
  return end;
}
