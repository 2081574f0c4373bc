import type { Clock } from '@reverse-http/protocol/session';
import type { Visit } from '../visit/visit.js';
import type { Route, RouteMatch } from './route.js';
import { createRouteRequest } from './route-request.js';

/** The routes of a listener, as one. */
export interface Router {
  /**
   * Finds the target of a visit: the first route that yields one wins. A promise only where a route of the user's own
   * takes its time; it resolves with undefined, and must not be acted upon, when the visitor has left meanwhile.
   */
  find(visit: Visit): RouteMatch | undefined | Promise<RouteMatch | undefined>;
}

/** What the user's own routes may take for one request in all, ms; after it they have no say. */
const maxDecideMs = 10_000;

/** Joins routes. `onError` hears what a route threw. */
export function createRouter(routes: readonly Route[], clock: Clock, onError: (error: unknown) => void): Router {
  const entries = withVary(routes);

  function find(visit: Visit): RouteMatch | undefined | Promise<RouteMatch | undefined> {
    return findFrom(0, visit, undefined);
  }

  function findFrom(
    first: number,
    visit: Visit,
    endsAt: number | undefined,
  ): RouteMatch | undefined | Promise<RouteMatch | undefined> {
    for (let i = first; i < entries.length; i++) {
      const route = entries[i]!;
      try {
        const match = route.match(visit.head);
        if (match) return match;
        if (route.decide === undefined) continue;
        const decided = route.decide(createRouteRequest(visit.head, visit.peer));
        if (decided instanceof Promise) return wait(decided, i, visit, endsAt ?? clock.now() + maxDecideMs);
        if (decided) return decided;
      } catch (error) {
        onError(error); // A user's own: it has no say in this request.
      }
    }
    return undefined;
  }

  async function wait(
    decided: Promise<RouteMatch | undefined>,
    index: number,
    visit: Visit,
    endsAt: number,
  ): Promise<RouteMatch | undefined> {
    let match: RouteMatch | undefined;
    try {
      match = await within(decided, endsAt - clock.now(), entries[index]!.description);
    } catch (error) {
      onError(error);
    }
    // A visitor that left has taken its head along: the next one's stands there.
    if (visit.settled) return undefined;
    return match ?? findFrom(index + 1, visit, endsAt);
  }

  function within<T>(promise: Promise<T>, ms: number, description: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = new Error(`route ${description}: no answer in time`);
      const timer = clock.setTimer(() => reject(late), Math.max(0, ms));
      promise.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  return { find };
}

/** What the router needs of a route. */
type Entry = Pick<Route, 'description' | 'match' | 'decide'>;

/**
 * Lets each match know which fields the choice depended on: those of its route and of all before it, for they did not
 * match what the request has in them. Routes without such a field before them are left as they are.
 */
function withVary(routes: readonly Route[]): readonly Entry[] {
  const names: string[] = [];
  return routes.map((route) => {
    const { variesBy } = route;
    if (variesBy !== undefined && !names.some((name) => name.toLowerCase() === variesBy.toLowerCase()))
      names.push(variesBy);
    return names.length === 0 ? route : varying(route, names.join(', '));
  });
}

function varying(route: Route, vary: string): Entry {
  // Routes give the same object for a run of requests to the same target.
  let last: RouteMatch | undefined;
  let lastMarked: RouteMatch | undefined;
  const mark = (match: RouteMatch | undefined): RouteMatch | undefined => {
    if (match === undefined) return undefined;
    if (match !== last) lastMarked = { ...match, vary };
    last = match;
    return lastMarked;
  };
  const entry: Entry = { description: route.description, match: (head) => mark(route.match(head)) };
  if (route.decide === undefined) return entry;
  return {
    ...entry,
    decide(request) {
      const decided = route.decide!(request);
      return decided instanceof Promise ? decided.then(mark) : mark(decided);
    },
  };
}
