/** Classes of {@link byteClass}, as bits. */
export const ByteClass = {
  /** tchar (RFC 9110, section 5.6.2). */
  Token: 1,
  /** field-vchar, SP and HTAB (RFC 9110, section 5.5). */
  Value: 2,
  /** What a request target may hold: visible ASCII but `#`. */
  Target: 4,
  Digit: 8,
  /** unreserved, sub-delims and `%` (RFC 3986, section 3.2.2): what a registered name may hold. */
  HostName: 16,
} as const;

function makeTable(): Uint8Array {
  const table = new Uint8Array(256);
  const mark = (text: string, bit: number): void => {
    for (const c of text) table[c.charCodeAt(0)]! |= bit;
  };
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  const digits = '0123456789';
  mark(`!#$%&'*+-.^_\`|~${digits}${letters}`, ByteClass.Token);
  mark(digits, ByteClass.Digit);
  mark(`-._~!$&'()*+,;=%${digits}${letters}`, ByteClass.HostName);
  for (let byte = 0x20; byte < 256; byte++) if (byte !== 0x7f) table[byte]! |= ByteClass.Value;
  table[0x09]! |= ByteClass.Value;
  for (let byte = 0x21; byte < 0x7f; byte++) if (byte !== 0x23) table[byte]! |= ByteClass.Target;
  return table;
}

/** What each byte may be part of. */
export const byteClass: Uint8Array = makeTable();

/**
 * Position of the first byte in `bytes[start..end)` that is not of the class `bit`; `end` when all are. Measured on
 * heads that differ from each other: a loop that leaves at each of four bytes takes a third less than one that asks for four together,
 * whose last bytes need a second loop.
 */
export function skipClass(bytes: Uint8Array, start: number, end: number, bit: number): number {
  const classes = byteClass;
  const four = end - 3;
  let at = start;
  while (at < four) {
    if (!(classes[bytes[at]!]! & bit)) return at;
    if (!(classes[bytes[at + 1]!]! & bit)) return at + 1;
    if (!(classes[bytes[at + 2]!]! & bit)) return at + 2;
    if (!(classes[bytes[at + 3]!]! & bit)) return at + 3;
    at += 4;
  }
  while (at < end && classes[bytes[at]!]! & bit) at++;
  return at;
}

const highBits = 0x80808080 | 0;
const tab = 0x09;

/**
 * {@link skipClass} for values of fields, which are most of a head: four bytes in a number, twice a round, by a view over the same memory
 * whose byte `offset` is `bytes[0]`.
 */
export function skipValue(bytes: Uint8Array, view: DataView, offset: number, start: number, end: number): number {
  const eight = end - 7;
  let at = start;
  while (at < eight) {
    let others = othersIn(view.getInt32(offset + at));
    if (others === 0) {
      at += 4;
      others = othersIn(view.getInt32(offset + at));
      if (others === 0) {
        at += 4;
        continue;
      }
    }
    at += Math.clz32(others) >> 3;
    if (bytes[at] !== tab) return at;
    at++;
  }
  while (at < end && byteClass[bytes[at]!]! & ByteClass.Value) at++;
  return at;
}

/**
 * The high bit of each of four bytes that is no value's byte, or is a tab. A byte without its high bit reaches it with
 * 0x60 added from a space on, and with 1 added only when it is DEL; no sum carries into the next byte.
 */
function othersIn(word: number): number {
  const low = word & 0x7f7f7f7f;
  return ~(word | ((low + 0x60606060) & ~(low + 0x01010101))) & highBits;
}
