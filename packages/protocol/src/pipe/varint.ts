/**
 * QUIC's variable-length integers (RFC 9000, section 16), limited to what a double holds exactly: 0 to 2^53 - 1.
 */

/** Most bytes one integer takes. */
export const maxVarintBytes = 8;

/** Bytes that `value` takes. */
export function varintLength(value: number): number {
  if (value < 0x40) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x40000000) return 4;
  return 8;
}

/** Writes `value` at `at`; returns the position after it. */
export function writeVarint(into: Uint8Array, at: number, value: number): number {
  if (value < 0x40) {
    into[at] = value;
    return at + 1;
  }
  if (value < 0x4000) {
    into[at] = 0x40 | (value >>> 8);
    into[at + 1] = value & 0xff;
    return at + 2;
  }
  if (value < 0x40000000) {
    into[at] = 0x80 | (value >>> 24);
    into[at + 1] = (value >>> 16) & 0xff;
    into[at + 2] = (value >>> 8) & 0xff;
    into[at + 3] = value & 0xff;
    return at + 4;
  }
  const high = Math.floor(value / 0x1_0000_0000);
  into[at] = 0xc0 | (high >>> 24);
  into[at + 1] = (high >>> 16) & 0xff;
  into[at + 2] = (high >>> 8) & 0xff;
  into[at + 3] = high & 0xff;
  into[at + 4] = (value >>> 24) & 0xff;
  into[at + 5] = (value >>> 16) & 0xff;
  into[at + 6] = (value >>> 8) & 0xff;
  into[at + 7] = value & 0xff;
  return at + 8;
}

/** Bytes that the integer starting with `first` takes. */
export function varintSize(first: number): number {
  return 1 << (first >>> 6);
}

/**
 * The integer at `at`, which must lie whole inside `bytes` (see {@link varintSize}); NaN when it is above 2^53 - 1,
 * which no sender of ours writes and no arithmetic of ours survives.
 */
export function readVarint(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x40) return first;
  if (first < 0x80) return ((first & 0x3f) << 8) | bytes[at + 1]!;
  const low30 = (first & 0x3f) * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);
  if (first < 0xc0) return low30;
  const low = bytes[at + 4]! * 0x1000000 + ((bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!);
  const value = low30 * 0x1_0000_0000 + low;
  return value <= Number.MAX_SAFE_INTEGER ? value : Number.NaN;
}
