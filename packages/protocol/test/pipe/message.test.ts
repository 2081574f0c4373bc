import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type MessageHeader,
  maxMessageHeaderBytes,
  readMessageHeader,
  writeMessageHeader,
} from '../../src/pipe/index.js';
import { fromHex, readVectors, toHex } from '../read-vectors.js';

const vectors = (list: string) => readVectors('messages', list);
const header = (): MessageHeader => ({ offset: -1, ack: -1, reply: false, payloadStart: -1 });

function encode(offset: number, ack: number, reply: boolean, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(maxMessageHeaderBytes + payload.length);
  bytes.set(payload, maxMessageHeaderBytes);
  return bytes.subarray(writeMessageHeader(bytes, maxMessageHeaderBytes, offset, ack, reply));
}

describe('data messages', () => {
  test.each(vectors('messages'))('$meaning', ({ hex, offset, ack, reply, payload }) => {
    expect(toHex(encode(offset, ack, reply, fromHex(payload)))).toBe(hex);
    const read = header();
    const bytes = fromHex(hex);
    expect(readMessageHeader(bytes, read)).toBe(true);
    expect(read).toMatchObject({ offset, ack, reply });
    expect(toHex(bytes.subarray(read.payloadStart))).toBe(payload);
  });

  test.each(vectors('refused'))('refused: $meaning', ({ hex }) => {
    expect(readMessageHeader(fromHex(hex), header())).toBe(false);
  });

  test('random bytes are read or refused, never read beyond their end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
        const read = header();
        if (!readMessageHeader(bytes, read)) return;
        expect(read.payloadStart).toBeLessThanOrEqual(bytes.length);
        expect(Number.isSafeInteger(read.offset) && Number.isSafeInteger(read.ack)).toBe(true);
      }),
    );
  });
});
