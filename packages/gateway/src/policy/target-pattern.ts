/** Whether a pattern names one target and no family of them. */
export function isLiteral(pattern: string): boolean {
  return !pattern.includes('*');
}

/**
 * Whether a pattern fits a target id: `*` stands for any text, everything else for itself, without case. Takes a time
 * that grows with both lengths only, whatever the pattern.
 */
export function matchesPattern(pattern: string, target: string): boolean {
  const wanted = pattern.toLowerCase();
  const id = target.toLowerCase();
  let at = 0;
  let i = 0;
  let star = -1;
  let mark = 0;
  while (i < id.length) {
    if (wanted[at] === '*') {
      star = at++;
      mark = i;
    } else if (at < wanted.length && wanted[at] === id[i]) {
      at++;
      i++;
    } else if (star >= 0) {
      // The last star takes one more.
      at = star + 1;
      i = ++mark;
    } else return false;
  }
  while (wanted[at] === '*') at++;
  return at === wanted.length;
}
