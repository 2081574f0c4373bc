import { authorityOf, dropField, Field, fieldValue, type Head, latin1 } from '@reverse-http/protocol/http1';
import type { RouteMatch } from '../routing/route.js';
import type { Visit } from '../visit/visit.js';
import { mountCookie } from './mount-cookie.js';
import { mountReference, type Place } from './mount-reference.js';

/** Prefixes that mean the same inside a URL, a quoted text and a cookie; what a user's route took away may be any. */
const plainPrefix = /^[A-Za-z0-9._~%!$&()*+=:@/-]+$/;

/**
 * Gives the prefix that a route took from the request back to what the answer says of places: marks the fields, and
 * returns the lines in place of them. The server may have put the prefix there itself, by `X-Forwarded-Prefix`: then it
 * stays as it is.
 */
export function mountFields(head: Head, visit: Visit, { prefix, bare }: RouteMatch): string {
  if (!plainPrefix.test(prefix)) return '';
  const place: Place = { prefix, authority: authorityOf(visit.head), secure: visit.peer.secure, bare };
  let lines = '';
  for (let i = 0; i < head.count; i++) {
    const mount = mountOf(head.ids[i]!);
    if (mount === undefined) continue;
    const value = mount(fieldValue(head, i), place);
    // Unchanged ones too: among equal names the order stays.
    lines += `${latin1(head.bytes, head.positions[i * 4]!, head.positions[i * 4 + 1]!)}: ${value}\r\n`;
    dropField(head, i);
  }
  return lines;
}

type Mount = (value: string, place: Place) => string;

function mountOf(id: number): Mount | undefined {
  switch (id) {
    case Field.Location:
    case Field.ContentLocation:
      return mountReference;
    case Field.Refresh:
      return mountRefresh;
    case Field.Link:
      return mountLinks;
    case Field.SetCookie:
      return (value, { prefix, bare }) => mountCookie(value, prefix, bare);
    default:
      return undefined;
  }
}

/** `5; url=/x`, as browsers read it (HTML, section 4.2.4.3): other separators, quotes and no `url=` at all included. */
function mountRefresh(value: string, place: Place): string {
  const lead = /^\s*[\d.]+(?:\s*[;,]\s*|\s+)(?:url\s*=\s*)?["']?/i.exec(value)?.[0] ?? value;
  return lead + mountReference(value.slice(lead.length), place);
}

/** The references of `</a>; rel=x, </b>` (RFC 8288, section 3); quoted texts are passed over. What does not end takes the rest along. */
function mountLinks(value: string, place: Place): string {
  return value.replace(/"(?:[^"\\]|\\.)*(?:"|\\?$)|<([^>]*)(?:>|$)/g, (all, reference: string | undefined) =>
    reference === undefined || !all.endsWith('>') ? all : `<${mountReference(reference, place)}>`,
  );
}
