import { latin1 } from '@reverse-http/protocol/http1';
import { isTargetId } from '@reverse-http/protocol/session';
import type { RouteMatch } from './route.js';

/** Longest target id. */
const longestId = 63;

/**
 * Makes the match for a target id that stands in a request's bytes, once for a run of requests to the same target: the
 * next request is often for the one that was found last, and comparing its bytes costs less than decoding them.
 */
export class KnownMatch {
  readonly #make: (target: string) => RouteMatch;
  #last: RouteMatch = { target: '', prefix: '', bare: false };

  constructor(make: (target: string) => RouteMatch) {
    this.#make = make;
  }

  /** The match for `bytes[start..end)`; undefined when they are no target id. */
  of(bytes: Uint8Array, start: number, end: number): RouteMatch | undefined {
    const length = end - start;
    if (length === 0 || length > longestId) return undefined;
    if (this.#isLast(bytes, start, length)) return this.#last;
    const target = latin1(bytes, start, end);
    if (!isTargetId(target)) return undefined;
    this.#last = this.#make(target);
    return this.#last;
  }

  #isLast(bytes: Uint8Array, start: number, length: number): boolean {
    const { target } = this.#last;
    if (length !== target.length) return false;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== target.charCodeAt(i)) return false;
    return true;
  }
}
