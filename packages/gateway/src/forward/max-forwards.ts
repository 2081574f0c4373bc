import { equalsIgnoringCase, Field, type Head, latin1Bytes } from '@reverse-http/protocol/http1';

const options = latin1Bytes('options');
const zero = 0x30;
const nine = 0x39;

/**
 * Whether an intermediary has to answer itself (RFC 9110, section 7.6.2): `OPTIONS` with `Max-Forwards: 0`. Other methods
 * may have the field and it means nothing there; `TRACE` comes no further than the gateway anyway.
 */
export function endsHere(head: Head): boolean {
  if (!isOptions(head)) return false;
  for (let i = 0; i < head.count; i++) if (head.ids[i] === Field.MaxForwards && kindOf(head, i) === 'zero') return true;
  return false;
}

/** Takes one from field `index`, a `Max-Forwards`, where it counts; in its place, so that `10` becomes `09`. */
export function countForward(head: Head, index: number): void {
  if (!isOptions(head) || kindOf(head, index) !== 'more') return;
  const { bytes, positions } = head;
  let at = positions[index * 4 + 3]! - 1;
  while (bytes[at] === zero) bytes[at--] = nine;
  bytes[at]!--;
}

function isOptions({ bytes, methodStart, methodEnd }: Head): boolean {
  return methodEnd - methodStart === options.length && equalsIgnoringCase(bytes, methodStart, options);
}

function kindOf({ bytes, positions }: Head, index: number): 'zero' | 'more' | 'no number' {
  const start = positions[index * 4 + 2]!;
  const end = positions[index * 4 + 3]!;
  let isZero = start < end;
  for (let at = start; at < end; at++) {
    if (bytes[at]! < zero || bytes[at]! > nine) return 'no number';
    if (bytes[at] !== zero) isZero = false;
  }
  return isZero ? 'zero' : start < end ? 'more' : 'no number';
}
