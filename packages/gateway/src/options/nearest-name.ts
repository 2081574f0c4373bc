/** A name further away than this is another word, not a slip. */
const maxDistance = 3;

/** The name that was probably meant by `text`; undefined when none is near. */
export function nearestName(text: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.min(maxDistance, Math.floor(text.length / 2)) + 1;
  for (const name of names) {
    const distance = editDistance(text.toLowerCase(), name.toLowerCase());
    if (distance < least) {
      least = distance;
      best = name;
    }
  }
  return best;
}

/** Letters to add, take away or change (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
