import { dropField, equalsIgnoringCase, Field, fieldValue, type Head, latin1Bytes } from '@reverse-http/protocol/http1';

const name = latin1Bytes('vary');

/**
 * The `Vary` line of an answer which depends on further request fields (RFC 9110, section 12.5.5): one line of what the
 * server says and what is missing there, in place of the server's own, since some caches look at the first one only.
 * Empty, with the server's lines left alone, when they say it all.
 */
export function mergeVary(head: Head, wanted: string): string {
  const own: number[] = [];
  for (let i = 0; i < head.count; i++) if (isVary(head, i)) own.push(i);
  const said = own.map((index) => fieldValue(head, index)).filter((value) => value !== '');
  const listed = said.flatMap((value) => value.split(',')).map((item) => item.trim().toLowerCase());
  const missing = wanted.split(', ').filter((field) => !listed.includes(field.toLowerCase()));
  if (listed.includes('*') || missing.length === 0) return '';
  for (const index of own) dropField(head, index);
  return `Vary: ${[...said, ...missing].join(', ')}\r\n`;
}

function isVary({ bytes, ids, positions }: Head, index: number): boolean {
  const start = positions[index * 4]!;
  if (ids[index] === Field.Dropped || positions[index * 4 + 1]! - start !== name.length) return false;
  return equalsIgnoringCase(bytes, start, name);
}
