import { ByteClass, byteClass } from './byte-class.js';
import { hexDigit, parseDecimal } from './digits.js';

const colon = 0x3a;
const percent = 0x25;

/**
 * Whether `bytes[start..end)` is `host [":" port]` without userinfo (RFC 9110, section 7.2; RFC 3986, section 3.2).
 * Stricter than the grammar in one point: what stands in brackets must look like an IPv6 address.
 */
export function isHost(bytes: Uint8Array, start: number, end: number): boolean {
  const hostEnd = bytes[start] === 0x5b ? literalEnd(bytes, start, end) : nameEnd(bytes, start, end);
  if (hostEnd <= start) return false;
  if (hostEnd === end) return true;
  if (bytes[hostEnd] !== colon) return false;
  const port = hostEnd + 1 === end ? 0 : parseDecimal(bytes, hostEnd + 1, end);
  return port >= 0 && port <= 65_535;
}

/** Position after a registered name or IPv4 address; -1 when a percent sign starts no escape. */
function nameEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && byteClass[bytes[at]!]! & ByteClass.HostName) {
    if (bytes[at] === percent && !(at + 2 < end && hexDigit(bytes[at + 1]!) >= 0 && hexDigit(bytes[at + 2]!) >= 0))
      return -1;
    at++;
  }
  return at;
}

/** Position after `[` address `]`; -1 when it is none. */
function literalEnd(bytes: Uint8Array, start: number, end: number): number {
  let colons = 0;
  for (let at = start + 1; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0x5d) return colons >= 2 ? at + 1 : -1;
    if (byte === colon) colons++;
    else if (byte !== 0x2e && hexDigit(byte) < 0) return -1;
  }
  return -1;
}
