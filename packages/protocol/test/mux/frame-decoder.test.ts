import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameDecoder, FrameType, frameLength, payloadLimit, writeFrameHeader } from '../../src/mux/index.js';
import { fromHex, readVectors, toHex } from '../read-vectors.js';
import { type SlowFrame, slowDecode, slowEncode } from './slow-codec.js';

const vectors = (list: string) => readVectors('frames', list);
const types: Record<string, number> = FrameType;

/** Everything the decoder found. Pieces of data are joined up to an end: what is fed here has no two frames in a row without one. */
class Found {
  readonly frames: { type: number; streamId: number; payload: number[] }[] = [];
  #open = false;
  readonly decoder = new FrameDecoder({
    onFrame: (type, streamId, payload) => this.frames.push({ type, streamId, payload: [...payload] }),
    onData: (streamId, bytes, end) => {
      const last = this.frames.at(-1);
      if (this.#open && last?.streamId === streamId) last.payload.push(...bytes);
      else this.frames.push({ type: FrameType.Data, streamId, payload: [...bytes] });
      if (end) this.frames.at(-1)!.type = FrameType.DataEnd;
      this.#open = !end;
    },
  });
}

function decode(bytes: Uint8Array, cuts: readonly number[] = []): Found['frames'] {
  const found = new Found();
  let at = 0;
  for (const cut of [...cuts.map((c) => c % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    if (cut > at) found.decoder.push(bytes.subarray(at, cut));
    at = Math.max(at, cut);
  }
  return found.frames;
}

const frame = fc.record({
  type: fc.constantFrom(...Object.values(types).filter((type) => type !== FrameType.Data && type !== FrameType.Grease)),
  streamId: fc.oneof(fc.nat(100), fc.maxSafeNat()).map(BigInt),
  payload: fc.array(fc.nat(255), { maxLength: 40 }),
});
const legal = ({ type, payload }: SlowFrame) => payload.length <= payloadLimit(type);

describe('frames', () => {
  test.each(vectors('frames'))('$type: $meaning', ({ hex, type, streamId, payload }) => {
    const bytes = fromHex(payload);
    const into = new Uint8Array(frameLength(streamId, bytes.length));
    into.set(bytes, writeFrameHeader(into, 0, types[type]!, streamId, bytes.length));
    expect(toHex(into)).toBe(hex);
    const found = decode(fromHex(hex));
    if (type === 'Grease') expect(found).toEqual([]);
    else expect(found).toEqual([{ type: types[type], streamId, payload: [...bytes] }]);
  });

  test.each(vectors('readOnly'))('reads $meaning', ({ hex, type, streamId, payload }) => {
    expect(decode(fromHex(hex))).toEqual([{ type: types[type], streamId, payload: [...fromHex(payload)] }]);
  });

  test.each(vectors('skipped'))('skips $meaning', ({ hex }) => {
    const next = fromHex(`${hex}0f0000`);
    expect(decode(next)).toEqual([{ type: FrameType.GoAway, streamId: 0, payload: [] }]);
    expect(decode(next, [1, 2, 3, 4])).toEqual([{ type: FrameType.GoAway, streamId: 0, payload: [] }]);
  });

  test.each(vectors('refused'))('refuses $meaning', ({ hex }) => {
    expect(() => decode(fromHex(hex))).toThrow(expect.objectContaining({ code: 'protocol-error' }));
  });

  test('cut anywhere, the frames are the same, and are what the slow codec finds', () => {
    fc.assert(
      fc.property(
        fc.array(frame.filter(legal), { maxLength: 12 }),
        fc.array(fc.nat(10_000), { maxLength: 30 }),
        (frames, cuts) => {
          const bytes = frames.flatMap(slowEncode);
          const expected = slowDecode(bytes);
          expect(expected.rest).toBe(0);
          const found = decode(Uint8Array.from(bytes), cuts);
          expect(found.map((f) => ({ ...f, streamId: BigInt(f.streamId) }))).toEqual(expected.frames);
        },
      ),
    );
  });

  test('cut at every byte', () => {
    const bytes = fromHex(
      vectors('frames')
        .map(({ hex }) => hex)
        .join(''),
    );
    const whole = decode(bytes);
    for (let cut = 0; cut <= bytes.length; cut++) expect(decode(bytes, [cut])).toEqual(whole);
    expect(decode(bytes, Array.from(bytes.keys()))).toEqual(whole);
  });

  test('random bytes never crash, and pass on no more than came', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 }), (pieces) => {
        let came = 0;
        let passed = 0;
        const decoder = new FrameDecoder({
          onFrame: (_type, _id, payload) => {
            passed += payload.length;
          },
          onData: (_id, bytes) => {
            passed += bytes.length;
          },
        });
        try {
          for (const piece of pieces) {
            came += piece.length;
            decoder.push(piece);
          }
        } catch (error) {
          expect(error).toMatchObject({ code: 'protocol-error' });
        }
        expect(passed).toBeLessThanOrEqual(came);
      }),
      { numRuns: 2000 },
    );
  });

  test('T20: a declared length allocates nothing', () => {
    const before = process.memoryUsage().arrayBuffers;
    const decoders = Array.from({ length: 2000 }, () => {
      const found = new Found();
      found.decoder.push(fromHex('01018000e00041')); // A head of 57,344 bytes begins.
      return found;
    });
    expect(decoders.length).toBe(2000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024);
  });
});
