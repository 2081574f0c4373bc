import { isTargetId } from '@reverse-http/protocol/session';
import type { Route, RouteMatch } from './route.js';
import type { RouteRequest } from './route-request.js';

/** What a {@link RouteFunction} found: a target id, or one with the path prefix that the server is not to see. */
export type RouteDecision = string | { readonly target: string; readonly prefix?: string } | undefined;

/**
 * A route of the user's own; undefined leaves the request to the next route. It may be async: only its own request
 * waits then, and all the functions that are asked about one request share ten seconds. What throws, takes too long or
 * answers what is no target id has no say, and is reported to `onError`.
 */
export type RouteFunction = (request: RouteRequest) => RouteDecision | PromiseLike<RouteDecision>;

/**
 * Makes a route of a function. Where the choice depends on a request field, the server has to say so in `Vary`.
 *
 * @example byFunction(({ host, path }) => (path.startsWith('/api/') ? 'api' : undefined))
 */
export function byFunction(fn: RouteFunction): Route {
  const name = fn.name === '' ? 'function' : `function ${fn.name}`;
  return {
    description: name,
    sharesOrigin: true,
    match: () => undefined,
    decide(request) {
      const decision = fn(request);
      if (isPromiseLike(decision)) return Promise.resolve(decision).then((it) => matchOf(it, request, name));
      return matchOf(decision, request, name);
    },
    // Where it leads nobody knows but the function itself.
    urlOf: (_, origin) => `${origin}/`,
    servesHost: () => false,
  };
}

function isPromiseLike(value: unknown): value is PromiseLike<RouteDecision> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** @throws TypeError for an answer that is none. */
function matchOf(decision: RouteDecision | null, { path }: RouteRequest, name: string): RouteMatch | undefined {
  if (decision === undefined || decision === null) return undefined;
  const { target, prefix = '' } = typeof decision === 'string' ? { target: decision } : decision;
  if (typeof target !== 'string' || !isTargetId(target))
    throw new TypeError(`route ${name}: ${show(target)} is not a target id`);
  if (typeof prefix !== 'string' || !isPrefixOf(prefix, path))
    throw new TypeError(`route ${name}: ${show(prefix)} is not a prefix of the request's path`);
  return { target, prefix, bare: prefix !== '' && prefix.length === path.length, sharesOrigin: true };
}

/** Whole segments only, or the rest would not begin with a slash. */
function isPrefixOf(prefix: string, path: string): boolean {
  if (prefix === '') return true;
  if (!prefix.startsWith('/') || prefix.startsWith('//') || prefix.endsWith('/') || !path.startsWith(prefix))
    return false;
  return path.length === prefix.length || path[prefix.length] === '/';
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : typeof value;
}
