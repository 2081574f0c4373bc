/** A frame, as the slow codec sees it. */
export interface SlowFrame {
  readonly type: number;
  readonly streamId: bigint;
  readonly payload: number[];
}

/** A slow, obvious frame codec on arrays and BigInt, to hold the fast one against. */
export function slowEncode(frame: SlowFrame): number[] {
  return [frame.type, ...slowVarint(frame.streamId), ...slowVarint(BigInt(frame.payload.length)), ...frame.payload];
}

/** All whole frames of the bytes, then what is left. */
export function slowDecode(bytes: readonly number[]): { frames: SlowFrame[]; rest: number } {
  const frames: SlowFrame[] = [];
  let at = 0;
  for (;;) {
    const id = slowRead(bytes, at + 1);
    const length = id && slowRead(bytes, id.end);
    if (!length || length.end + Number(length.value) > bytes.length) return { frames, rest: bytes.length - at };
    const end = length.end + Number(length.value);
    frames.push({ type: bytes[at]!, streamId: id.value, payload: bytes.slice(length.end, end) });
    at = end;
  }
}

function slowVarint(value: bigint): number[] {
  const length = value < 64n ? 1 : value < 16384n ? 2 : value < 1073741824n ? 4 : 8;
  const bytes: number[] = [];
  for (let i = 0; i < length; i++) bytes.unshift(Number((value >> BigInt(8 * i)) & 255n));
  bytes[0] = bytes[0]! + [0, 0, 64, 0, 128, 0, 0, 0, 192][length]!;
  return bytes;
}

function slowRead(bytes: readonly number[], at: number): { value: bigint; end: number } | undefined {
  if (at >= bytes.length) return undefined;
  const length = [1, 2, 4, 8][Math.floor(bytes[at]! / 64)]!;
  if (at + length > bytes.length) return undefined;
  let value = BigInt(bytes[at]! % 64);
  for (let i = 1; i < length; i++) value = value * 256n + BigInt(bytes[at + i]!);
  return { value, end: at + length };
}
