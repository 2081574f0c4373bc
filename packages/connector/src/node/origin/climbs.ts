const slash = 0x2f;
const backslash = 0x5c;
const dot = 0x2e;
const percent = 0x25;
const question = 0x3f;
const semicolon = 0x3b;

/**
 * Whether a path has a segment that a server could take for `..`, plain or percent-encoded, between separators of either
 * kind and in either writing: behind a base path it would lead out of it. `..;x` is one for Java's servers, which take the
 * parameter away first.
 */
export function climbs(bytes: Uint8Array, start: number, end: number): boolean {
  let dots = 0;
  /** Whether the present segment consists of dots alone so far. */
  let plain = true;
  let at = start;
  while (at < end && bytes[at] !== question) {
    let byte = bytes[at++]!;
    if (byte === percent && at + 1 < end) {
      byte = decoded(bytes[at]!, bytes[at + 1]!);
      at += 2;
    }
    if (byte === slash || byte === backslash) {
      if (plain && dots === 2) return true;
      plain = true;
      dots = 0;
    } else if (byte === dot) dots++;
    else if (byte === semicolon && plain && dots === 2) return true;
    else plain = false;
  }
  return plain && dots === 2;
}

/** The byte that two hexadecimal digits stand for; NaN for others. */
function decoded(high: number, low: number): number {
  return Number.parseInt(String.fromCharCode(high, low), 16);
}
