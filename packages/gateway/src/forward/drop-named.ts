import { dropField, equalsIgnoringCase, type Head } from '@reverse-http/protocol/http1';

/** Marks every field called `lower`, a name in lower case: it is not copied. */
export function dropNamed(head: Head, lower: Uint8Array): void {
  const { bytes, positions, count } = head;
  for (let i = 0; i < count; i++) {
    const start = positions[i * 4]!;
    if (positions[i * 4 + 1]! - start === lower.length && equalsIgnoringCase(bytes, start, lower)) dropField(head, i);
  }
}
