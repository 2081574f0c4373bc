import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxVarintBytes, readVarint, varintLength, varintSize, writeVarint } from '../../src/pipe/index.js';
import { fromHex, readVectors, toHex } from '../read-vectors.js';

const vectors = (list: string) => readVectors('varints', list);

/** RFC 9000, section 16, word for word and slowly. */
function slowRead(bytes: Uint8Array): bigint {
  const length = 2 ** (bytes[0]! >> 6);
  let value = BigInt(bytes[0]! & 0x3f);
  for (let i = 1; i < length; i++) value = (value << 8n) + BigInt(bytes[i]!);
  return value;
}

describe('varints', () => {
  test.each(vectors('written'))('writes and reads $value: $meaning', ({ hex, value }) => {
    const into = new Uint8Array(maxVarintBytes);
    expect(toHex(into.subarray(0, writeVarint(into, 0, value)))).toBe(hex);
    expect(varintLength(value)).toBe(hex.length / 2);
    expect(readVarint(fromHex(hex), 0)).toBe(value);
  });

  test.each(vectors('readOnly'))('reads $meaning', ({ hex, value }) => {
    expect(readVarint(fromHex(hex), 0)).toBe(value);
  });

  test.each(vectors('refused'))('refuses $meaning', ({ hex }) => {
    expect(readVarint(fromHex(hex), 0)).toBeNaN();
  });

  test('any number comes back, and is what the RFC says', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(5), (value, at) => {
        const into = new Uint8Array(16);
        const end = writeVarint(into, at, value);
        expect(end - at).toBe(varintSize(into[at]!));
        expect(readVarint(into, at)).toBe(value);
        expect(slowRead(into.subarray(at))).toBe(BigInt(value));
      }),
    );
  });

  test('any bytes read as the RFC says, or not at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), (bytes) => {
        const value = slowRead(bytes);
        if (value <= BigInt(Number.MAX_SAFE_INTEGER)) expect(readVarint(bytes, 0)).toBe(Number(value));
        else expect(readVarint(bytes, 0)).toBeNaN();
      }),
    );
  });
});
