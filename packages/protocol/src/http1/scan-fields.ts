import { ByteClass, skipClass, skipValue } from './byte-class.js';
import { identifyField } from './field.js';
import type { Head } from './head.js';
import type { HeadLimits } from './limits.js';

const { Token, Value } = ByteClass;
const cr = 0x0d;
const lf = 0x0a;
const colon = 0x3a;

/** Outcome of {@link scanFields}. */
export type FieldsResult = 'complete' | 'incomplete' | 'bad-request' | 'head-too-large';

/**
 * Scans metadata lines, where they are allowed, and field lines up to the empty line; sets `end` to the position after
 * it. Refused are folding, white space before the colon, and any line end but CRLF (RFC 9112, sections 2.2, 5.1, 5.2).
 */
export function scanFields(
  head: Head,
  bytes: Uint8Array,
  start: number,
  end: number,
  limits: HeadLimits,
): FieldsResult {
  const view = head.viewOf(bytes);
  const { byteOffset } = bytes;
  let at = start;
  head.count = 0;
  head.metadataStart = at;
  while (limits.metadata && at < end && bytes[at] === colon) {
    at = metadataLineEnd(bytes, at, end);
    if (at === 0) return 'incomplete';
    if (at < 0) return bad(head, 'a metadata line is malformed');
  }
  head.metadataEnd = at;
  head.fieldsStart = at;
  let { positions, ids } = head;
  let count = 0;
  while (at < end && bytes[at] !== cr) {
    const nameStart = at;
    at = skipClass(bytes, at, end, Token);
    if (at >= end) return 'incomplete';
    const nameEnd = at;
    if (bytes[at] !== colon || nameEnd === nameStart)
      return bad(head, 'a field name is not a token followed by a colon');
    do at++;
    while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x09));
    const valueStart = at;
    at = skipValue(bytes, view, byteOffset, valueStart, end);
    if (at + 1 >= end)
      return at < end && bytes[at] !== cr ? bad(head, 'a field value has a byte it must not have') : 'incomplete';
    if (bytes[at] !== cr || bytes[at + 1] !== lf) return bad(head, 'a field value has a byte it must not have');
    let valueEnd = at;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === 0x20 || bytes[valueEnd - 1] === 0x09)) valueEnd--;
    at += 2;
    if (count === limits.maxFields) {
      head.detail = 'too many fields';
      return 'head-too-large';
    }
    if (count === ids.length) {
      head.grow();
      ({ positions, ids } = head);
    }
    const base = count * 4;
    positions[base] = nameStart;
    positions[base + 1] = nameEnd;
    positions[base + 2] = valueStart;
    positions[base + 3] = valueEnd;
    ids[count++] = identifyField(bytes, nameStart, nameEnd);
  }
  head.count = count;
  head.fieldsEnd = at;
  if (at + 1 >= end) return 'incomplete';
  if (bytes[at + 1] !== lf) return bad(head, 'a bare CR');
  head.end = at + 2;
  return 'complete';
}

function bad(head: Head, detail: string): FieldsResult {
  head.detail = detail;
  return 'bad-request';
}

/** Position after a line `:name value`; 0 when it is not whole, -1 when it is malformed. */
function metadataLineEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start + 1;
  at = skipClass(bytes, at, end, Token);
  if (at >= end) return 0;
  if (at === start + 1 || bytes[at] !== 0x20) return -1;
  at = skipClass(bytes, at, end, Value);
  if (at + 1 >= end) return at < end && bytes[at] !== cr ? -1 : 0;
  return bytes[at] === cr && bytes[at + 1] === lf ? at + 2 : -1;
}
