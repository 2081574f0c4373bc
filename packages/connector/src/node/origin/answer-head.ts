import { copyBytes, copyFields, dropHopByHop, Field, findField, type Head } from '@reverse-http/protocol/http1';
import type { Slab } from '@reverse-http/protocol/pipe';

/** Where the minor version stands in `HTTP/1.1`. */
const minorVersionAt = 7;

/** The head of an answer as an exchange sends it: without what belongs to the origin's connection. Does not change afterwards. */
export function answerHeadBytes(head: Head, switching: boolean, slab: Slab): Uint8Array {
  const { bytes, start, end, fieldsStart, fieldsEnd } = head;
  const upgrade = switching ? findField(head, Field.Upgrade) : -1;
  dropHopByHop(head);
  if (upgrade >= 0) head.ids[upgrade] = Field.Upgrade;
  slab.reserve(end - start);
  const into = slab.bytes;
  const from = slab.at;
  let at = copyBytes(bytes, start, fieldsStart, into, from);
  at = copyFields(head, into, at);
  at = copyBytes(bytes, fieldsEnd, end, into, at);
  into[from + minorVersionAt] = 0x31;
  slab.at = at;
  return into.subarray(from, at);
}
