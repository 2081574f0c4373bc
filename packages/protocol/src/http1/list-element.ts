const comma = 0x2c;

/** Where the element of a comma-separated list that `start` stands in ends: at its comma or at `end`. */
export function elementEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== comma) at++;
  return at;
}

/** Position of the first byte that is not white space; `end` when there is none. */
export function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(bytes[at]!)) at++;
  return at;
}

/** Position after the last byte that is not white space; `start` when there is none. */
export function trimSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && isSpace(bytes[at - 1]!)) at--;
  return at;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09;
}
