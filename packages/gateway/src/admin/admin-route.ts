import type { AdminAnswer } from './admin-answer.js';

/** A request to the admin listener, as its handler sees it. */
export interface AdminRequest {
  /** What stands in place of `{id}` in the route's path, decoded. */
  readonly id: string;
  readonly query: URLSearchParams;
  /** Reads the body: a JSON object with these members at most. */
  json(members: readonly string[]): Promise<Readonly<Record<string, unknown>>>;
}

/** One line of the table of routes. */
export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Segments as they are, or `{id}` for one that is not empty. */
  readonly path: string;
  /** Served without the admin token. */
  readonly open?: true;
  handle(request: AdminRequest): AdminAnswer | Promise<AdminAnswer>;
}

/** What a path leads to. */
export interface AdminRouteMatch {
  /** The route for the method; undefined where the path knows others only. */
  readonly route: AdminRoute | undefined;
  /** For the field `Allow`. */
  readonly methods: readonly string[];
  readonly id: string;
  readonly open: boolean;
}

/** Finds a route; undefined for a path that there is not. HEAD is served wherever GET is. */
export function matchAdminRoute(
  routes: readonly AdminRoute[],
  method: string,
  path: string,
): AdminRouteMatch | undefined {
  const segments = path.split('/');
  const there = routes.filter((route) => fits(route.path.split('/'), segments));
  if (there.length === 0) return undefined;
  const wanted = method === 'HEAD' ? 'GET' : method;
  const id = segments[there[0]!.path.split('/').indexOf('{id}')];
  return {
    route: there.find((route) => route.method === wanted),
    methods: there.flatMap((route) => (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method])),
    id: id === undefined ? '' : decoded(id)!,
    open: there.every((route) => route.open),
  };
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  if (pattern.length !== segments.length) return false;
  return pattern.every((part, i) => (part === '{id}' ? decoded(segments[i]!) : part === segments[i]));
}

/** Undefined for what is no percent-encoding: there is nothing of such a name. */
function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
