/** A copy in memory of its own. Not by `slice()`, which for Node's Buffer is a view. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
