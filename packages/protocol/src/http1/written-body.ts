/** A body that is written where it leaves from, at once or later: one copy less, and no memory of its own. */
export interface WrittenBody {
  /** Bytes. */
  readonly length: number;
  writeTo(into: Uint8Array, at: number): void;
}

/** A body of bytes that are there. */
export function bodyOf(bytes: Uint8Array): WrittenBody {
  return { length: bytes.length, writeTo: (into, at) => into.set(bytes, at) };
}

/** A body in memory of its own. */
export function bytesOf(body: WrittenBody): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(body.length);
  body.writeTo(bytes, 0);
  return bytes;
}
