import { ByteClass, byteClass } from './byte-class.js';

/**
 * Value of 1*DIGIT up to 2^53 - 1; -1 for anything else. Leading zeros are allowed, as the grammar does (RFC 9110,
 * section 8.6), up to 16 digits in all.
 */
export function parseDecimal(bytes: Uint8Array, start: number, end: number): number {
  if (start === end || end - start > 16) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (!(byteClass[byte]! & ByteClass.Digit)) return -1;
    // Bracketed: value * 10 + byte would leave the range of exact numbers just below the bound.
    value = value * 10 + (byte - 0x30);
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : -1;
}

/** Value of a hexadecimal digit; -1 for any other byte. */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
