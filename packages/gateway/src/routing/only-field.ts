import { equalsIgnoringCase, Field, type Head } from '@reverse-http/protocol/http1';

/** Several fields of the name are there: nobody can tell which of them counts. */
export const severalFields = -2;

/** Index of the field that is called `lower` (a name in lower case); -1 when there is none, {@link severalFields} for more than one. */
export function onlyField(head: Head, lower: Uint8Array): number {
  const { bytes, positions, ids, count } = head;
  let found = -1;
  for (let i = 0; i < count; i++) {
    const start = positions[i * 4]!;
    if (positions[i * 4 + 1]! - start !== lower.length || ids[i] === Field.Dropped) continue;
    if (!equalsIgnoringCase(bytes, start, lower)) continue;
    if (found >= 0) return severalFields;
    found = i;
  }
  return found;
}
