import type { Route } from './routing/route.js';
import type { Addresses } from './tunnel/hello-check.js';

/** One listener, as far as it is an address of targets. */
export interface AddressEntry {
  /** As `http://localhost:8080`. */
  readonly origin: string;
  readonly routes: readonly Route[];
  /** Whether targets of different owners may share the origin. */
  readonly sharedOrigin: 'trusted' | 'one-owner';
}

/** The listeners of a gateway as addresses of its targets. */
export class ListenerAddresses implements Addresses {
  #entries: readonly AddressEntry[] = [];

  /** That of the first listener; undefined while there is none. */
  get origin(): string | undefined {
    return this.#entries[0]?.origin;
  }

  get routes(): string {
    const distinct = new Set(this.#entries.flatMap(({ routes }) => routes.map(({ description }) => description)));
    return [...distinct].join(', ') || 'none';
  }

  /** These are the listeners from now on, the preferred one first. */
  replace(entries: readonly AddressEntry[]): void {
    this.#entries = entries;
  }

  urlsOf(target: string): readonly string[] {
    const urlsBy = (wanted: boolean): (string | undefined)[] =>
      this.#entries.flatMap(({ origin, routes }) =>
        routes.filter((route) => isEnough(route) === wanted).map((route) => route.urlOf(target, origin)),
      );
    const distinct = [...new Set([...urlsBy(true), ...urlsBy(false)])].filter((url) => url !== undefined);
    // Not every program resolves names below localhost: such a URL is never the preferred one.
    const isLocal = (url: string): boolean => new URL(url).hostname.endsWith('.localhost');
    return [...distinct.filter((url) => !isLocal(url)), ...distinct.filter(isLocal)];
  }

  sharedRouteOf(target: string): string | undefined {
    for (const entry of this.#entries) {
      const shared = sharedRoutes(entry).find((route) => route.urlOf(target, entry.origin) !== undefined);
      if (shared) return `"${shared.description}"`;
    }
    return undefined;
  }
}

/** The routes of a listener by which targets of one owner alone may share its origin. */
export function sharedRoutes({ routes, sharedOrigin }: Omit<AddressEntry, 'origin'>): readonly Route[] {
  return sharedOrigin === 'trusted' ? [] : routes.filter((route) => route.sharesOrigin);
}

/** Whether a route's URL leads to the target by itself, without a cookie, a field or what a function knows. */
function isEnough({ variesBy, decide }: Route): boolean {
  return variesBy === undefined && decide === undefined;
}
