import { authorityOf, fieldValue, type Head, latin1Bytes, methodOf, pathOf } from '@reverse-http/protocol/http1';
import { isTargetId } from '@reverse-http/protocol/session';
import type { Visit } from '../visit/visit.js';
import { onlyField, severalFields } from './only-field.js';
import type { Route } from './route.js';

/** Lets visitors choose their target, for routes by cookie. */
export interface SelectEndpoint {
  /** Whether a request is for one of the endpoints. */
  isFor(head: Head): boolean;
  /** Serves a visit to one of them. */
  serve(visit: Visit): void;
}

const secFetchSite = latin1Bytes('sec-fetch-site');
const secFetchMode = latin1Bytes('sec-fetch-mode');
const origin = latin1Bytes('origin');
const referer = latin1Bytes('referer');

/**
 * Makes the endpoints that `routes` name: `?target=A&to=/x` sets the cookie to A and sends the visitor on to `/x`. Only
 * from a page of the same origin, or any page in the world could choose where a visitor's next request, with what it
 * confides, goes to.
 */
export function createSelectEndpoint(routes: readonly Route[]): SelectEndpoint {
  const cookies = new Map<string, string>();
  for (const { select } of routes) if (select) cookies.set(select.path, select.cookie);
  return {
    isFor: (head) => cookies.size > 0 && cookies.has(splitPath(head).path),
    serve(visit) {
      const { path, query } = splitPath(visit.head);
      select(visit, cookies.get(path)!, query);
    },
  };
}

function select(visit: Visit, cookie: string, query: string): void {
  const { head, peer } = visit;
  const method = methodOf(head);
  if (method !== 'GET' && method !== 'HEAD')
    return visit.fail('method-not-allowed', { fields: 'Allow: GET, HEAD\r\n' });
  if (!isSameOriginNavigation(head))
    return visit.fail('visitor-refused', { detail: 'Only a link on a page of this origin may choose the target.' });
  const parameters = new URLSearchParams(query);
  const target = onlyParameter(parameters, 'target');
  if (target === undefined || !isTargetId(target))
    return visit.fail('bad-request', { detail: 'The parameter "target" is not a target id.' });
  const location = locationOf(onlyParameter(parameters, 'to', '/'));
  if (location === undefined)
    return visit.fail('bad-request', { detail: 'The parameter "to" is not a path of this origin, such as "/".' });
  const secure = peer.secure ? '; Secure' : '';
  visit.answer(
    303,
    `Location: ${location}\r\nSet-Cookie: ${cookie}=${target}; Path=/; HttpOnly; SameSite=Lax${secure}\r\n` +
      'Cache-Control: no-store\r\nContent-Type: text/plain; charset=utf-8\r\n',
    `Go on at ${location}\n`,
  );
}

function splitPath(head: Head): { readonly path: string; readonly query: string } {
  const url = pathOf(head);
  const question = url.indexOf('?');
  return question < 0 ? { path: url, query: '' } : { path: url.slice(0, question), query: url.slice(question + 1) };
}

/** The value of a parameter that is there once; `absent` when it is not there, undefined when there are several. */
function onlyParameter(parameters: URLSearchParams, name: string, absent?: string): string | undefined {
  const values = parameters.getAll(name);
  return values.length === 0 ? absent : values.length === 1 ? values[0] : undefined;
}

/**
 * Where to send the visitor: a path of this origin, or undefined. Browsers take a backslash for a slash and pass over
 * line ends and tabs (URL Standard, section 4.4), so that `/\host` and `/<tab>/host` lead elsewhere.
 */
function locationOf(to: string | undefined): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
  if (to === undefined || !/^\/(?!\/)[^\\\x00-\x1f\x7f]*$/u.test(to)) return undefined;
  return to.replace(/[^\x21-\x7e]/gu, encodeURIComponent);
}

/**
 * What browsers say of a navigation's origin: `Sec-Fetch-*`, else `Origin` or `Referer`. Without any of them nobody knows,
 * and the answer is no. The scheme is not compared: a proxy in front may have taken TLS away.
 */
function isSameOriginNavigation(head: Head): boolean {
  const site = onlyField(head, secFetchSite);
  const mode = onlyField(head, secFetchMode);
  if (site === severalFields || mode === severalFields) return false;
  if (site >= 0 || mode >= 0)
    return site >= 0 && mode >= 0 && fieldValue(head, site) === 'same-origin' && fieldValue(head, mode) === 'navigate';
  const from = onlyField(head, origin);
  const source = from === -1 ? onlyField(head, referer) : from;
  return source >= 0 && hasHost(fieldValue(head, source), authorityOf(head));
}

function hasHost(source: string, authority: string): boolean {
  const found = /^https?:\/\/([^/?#@\\]+)(?:[/?#]|$)/i.exec(source);
  return found !== null && authority !== '' && found[1]!.toLowerCase() === authority.toLowerCase();
}
