/** A generator that gives the same numbers for the same seed (mulberry32). */
export interface Random {
  /** Up to but not `limit`. */
  int(limit: number): number;
  bytes(count: number): Buffer;
  pick<T>(from: readonly T[]): T;
}

/** Starts at `seed`. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (limit: number): number => Math.floor(next() * limit);
  return {
    int,
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => int(256))),
    pick: (from) => from[int(from.length)]!,
  };
}

/** Changes, repeats, leaves out or puts in a few bytes. */
export function mutate(random: Random, bytes: Buffer): Buffer {
  let result = bytes;
  for (let i = 1 + random.int(3); i > 0; i--) {
    const at = random.int(result.length + 1);
    const end = Math.min(result.length, at + random.int(6));
    const middle = random.pick([
      () => random.bytes(1 + random.int(4)),
      () => Buffer.alloc(0),
      () => Buffer.concat([result.subarray(at, end), result.subarray(at, end)]),
      () =>
        Buffer.from(random.pick(['\r\n', '\n', '\r', ':', ' ', '0', 'chunked', 'Content-Length: 7\r\n', '\0', '%'])),
    ])();
    result = Buffer.concat([result.subarray(0, at), middle, result.subarray(end)]);
  }
  return result;
}
