const piece = 4096;

/**
 * Bytes as text, one code point a byte. Not TextDecoder's `latin1`: that is windows-1252 in browsers and newer Node.
 */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= piece) return String.fromCharCode.apply(null, bytes.subarray(start, end) as unknown as number[]);
  let text = '';
  for (let at = start; at < end; at += piece) text += latin1(bytes, at, Math.min(at + piece, end));
  return text;
}

/** Writes text whose code points are below 256; returns the position after it. */
export function writeLatin1(text: string, into: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) into[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/**
 * Text as bytes, one a code point.
 *
 * @throws RangeError for a code point above 255.
 */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new RangeError('text has a character that is not latin1');
    bytes[i] = code;
  }
  return bytes;
}
