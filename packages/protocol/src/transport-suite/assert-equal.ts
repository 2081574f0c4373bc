/**
 * Numbers and texts one by one.
 *
 * @throws Error naming what differs.
 */
export function assertEqual(
  what: string,
  found: readonly (string | number)[],
  wanted: readonly (string | number)[],
): void {
  if (found.length === wanted.length && found.every((value, i) => value === wanted[i])) return;
  throw new Error(`${what}: found ${found.join(', ')} instead of ${wanted.join(', ')}`);
}
