import { dropField, dropHopByHop, Field, type Head } from '@reverse-http/protocol/http1';
import type { RouteMatch } from '../routing/route.js';
import type { Visit } from '../visit/visit.js';
import { mountFields } from './mount-fields.js';

/** Applies the header rules to a server's answer; returns the lines to add. */
export interface AnswerHeads {
  prepare(head: Head, visit: Visit, match: RouteMatch): string;
  /** The same for a 1xx head, a 101 included: nothing is added that the server did not say. */
  prepareInterim(head: Head, visit: Visit, match: RouteMatch): string;
}

/** On a transparent listener an answer passes as it is. */
export const transparentAnswerHeads: AnswerHeads = { prepare: () => '', prepareInterim: () => '' };

/** What the rules have to do with a field: bits, so that one look at each field tells what there is to do. */
const dateOfAnswer = 1;
const connectionBound = 2;
const originBound = 4;
const placed = 8;

const traits: Uint8Array = new Uint8Array(256);
traits[Field.Date] = dateOfAnswer;
for (const id of [Field.ProxyConnection, Field.Te, Field.ProxyAuthenticate, Field.ProxyAuthenticationInfo])
  traits[id] = connectionBound;
for (const id of [Field.AltSvc, Field.StrictTransportSecurity, Field.ServiceWorkerAllowed, Field.ClearSiteData])
  traits[id] = originBound;
for (const id of [Field.Location, Field.ContentLocation, Field.Refresh, Field.Link, Field.SetCookie])
  traits[id] = placed;

/** Makes {@link AnswerHeads}; `now` gives milliseconds since 1970. */
export function createAnswerHeads(now: () => number): AnswerHeads {
  let second = 0;
  let dateLine = '';

  function currentDate(): string {
    const current = Math.floor(now() / 1000);
    if (current !== second) {
      second = current;
      dateLine = `Date: ${new Date(current * 1000).toUTCString()}\r\n`;
    }
    return dateLine;
  }

  return {
    prepare(head, visit, match) {
      const found = traitsOf(head);
      if ((found & connectionBound) !== 0) dropHopByHop(head);
      const date = (found & dateOfAnswer) !== 0 ? '' : currentDate();
      return found < originBound ? date : date + place(head, found, visit, match);
    },
    prepareInterim: (head, visit, match) => place(head, traitsOf(head), visit, match),
  };
}

function traitsOf({ ids, count }: Head): number {
  let found = 0;
  for (let i = 0; i < count; i++) found |= traits[ids[i]!]!;
  return found;
}

/** What the server says of its origin and of places there, as it is true where visitors see it. */
function place(head: Head, found: number, visit: Visit, match: RouteMatch): string {
  if ((found & originBound) !== 0) dropOriginBound(head, match.sharesOrigin === true);
  return (found & placed) !== 0 && match.prefix !== '' ? mountFields(head, visit, match) : '';
}

/** Drops what speaks for a whole origin that is not the server's alone. Where it listens itself is never the visitors' matter. */
function dropOriginBound(head: Head, shared: boolean): void {
  for (let i = 0; i < head.count; i++) {
    const id = head.ids[i]!;
    if (id === Field.AltSvc || (shared && traits[id] === originBound)) dropField(head, i);
  }
}
