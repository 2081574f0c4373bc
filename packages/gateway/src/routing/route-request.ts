import { authorityOf, type Head, latin1, methodOf, pathOf } from '@reverse-http/protocol/http1';
import type { Peer } from '../visit/visit.js';

/** A request as a route of the user's own sees it: a copy, so that it stays right however long the route takes. */
export interface RouteRequest {
  readonly method: string;
  /** Path and query, as they came. */
  readonly url: string;
  /** Path without the query, as it came: nothing is decoded. */
  readonly path: string;
  /** Host and port as the visitor named them, in lower case; empty when it named none. */
  readonly host: string;
  /** Who sent it. */
  readonly peer: Peer;
  /** Value of a field, by its name in any case: several lines are joined, by `; ` for cookies and `, ` for others. */
  header(name: string): string | undefined;
}

/** Copies what a route may want to know. */
export function createRouteRequest(head: Head, peer: Peer): RouteRequest {
  const url = pathOf(head);
  const fields = latin1(head.bytes, head.fieldsStart, head.fieldsEnd);
  const { address, port, secure } = peer;
  return Object.freeze({
    method: methodOf(head),
    url,
    path: url.split('?', 1)[0]!,
    host: authorityOf(head).toLowerCase(),
    peer: Object.freeze({ address, port, secure }),
    header: (name: string) => headerOf(fields, name.toLowerCase()),
  });
}

/** @param fields Lines that the scanner has taken for good: no folding, no space before the colon. */
function headerOf(fields: string, name: string): string | undefined {
  const values: string[] = [];
  for (const line of fields.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && line.slice(0, colon).toLowerCase() === name) {
      values.push(line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, ''));
    }
  }
  return values.length === 0 ? undefined : values.join(name === 'cookie' ? '; ' : ', ');
}
