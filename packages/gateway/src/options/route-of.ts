import { byCookie } from '../routing/by-cookie.js';
import { byFunction, type RouteFunction } from '../routing/by-function.js';
import { byHeader } from '../routing/by-header.js';
import { byHost } from '../routing/by-host.js';
import { byPath } from '../routing/by-path.js';
import type { Route } from '../routing/route.js';
import { toTarget } from '../routing/to-target.js';
import { isPlainObject, unknownName } from './reader.js';

/** What makes a route of the object that a configuration file has, by the name that tells its kind. */
const kinds: Readonly<Record<string, { readonly more: readonly string[]; make(value: RouteFields): Route }>> = {
  path: {
    more: ['keepPrefix'],
    make: ({ path, keepPrefix }) => byPath(path, keepPrefix === undefined ? {} : { keepPrefix }),
  },
  cookie: { more: ['select'], make: ({ cookie, select }) => byCookie(cookie, select === undefined ? {} : { select }) },
  header: { more: [], make: ({ header }) => byHeader(header) },
  host: { more: [], make: ({ host }) => byHost(host) },
  target: { more: [], make: ({ target }) => toTarget(target) },
};

// What is missing or of the wrong type is found by the functions that make routes.
interface RouteFields {
  readonly path: string;
  readonly keepPrefix: boolean | undefined;
  readonly host: string | Readonly<Record<string, string>>;
  readonly cookie: string;
  readonly select: string | undefined;
  readonly header: string;
  readonly target: string;
}

/**
 * The route that an item of `routes` stands for.
 *
 * @throws TypeError which says what is wrong.
 */
export function routeOf(value: unknown): Route {
  if (typeof value === 'function') return byFunction(value as RouteFunction);
  if (!isPlainObject(value)) throw new TypeError(`is not a route such as { path: /gw }`);
  if (typeof value.match === 'function') return value as unknown as Route;
  const names = Object.keys(value);
  const found = names.filter((name) => Object.hasOwn(kinds, name));
  const [first] = names;
  if (first === undefined) throw new TypeError(`is empty: one of ${Object.keys(kinds).join(', ')} was expected`);
  if (found.length === 0) throw new TypeError(`"${first}": ${unknownName(first, Object.keys(kinds))}`);
  if (found.length > 1) throw new TypeError(`"${found.join('" and "')}" are two routes: make two items of them`);
  const kind = kinds[found[0]!]!;
  const known = [found[0]!, ...kind.more];
  const other = names.find((name) => !known.includes(name));
  if (other !== undefined) throw new TypeError(`"${other}": ${unknownName(other, known)}`);
  return kind.make(value as unknown as RouteFields);
}
