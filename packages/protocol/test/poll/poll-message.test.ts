import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodePollAnswer,
  decodePollRequest,
  encodePollAnswer,
  encodePollRequest,
  maxMessagesPerBody,
  maxPollHeaderBytes,
  sessionOfPoll,
} from '../../src/poll/index.js';
import { fromHex, readVectors, toHex } from '../read-vectors.js';

const vectors = (list: string) => readVectors('poll', list);
const most = Number.MAX_SAFE_INTEGER;
const number = fc.maxSafeNat();
const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
const session = fc.stringMatching(/^[0-9a-z.]{1,45}$/);
const request = fc.record({
  session,
  attach: number,
  poll: fc.option(fc.record({ number, lowest: number, maxAnswerBytes: number, holdMs: number }), { nil: undefined }),
  messages,
});

describe('bodies of long polling', () => {
  test.each(vectors('requests'))('$meaning', ({ hex, session: id, attach, poll, messages: carried }) => {
    const value = { session: id, attach, poll: poll ?? undefined, messages: carried.map(fromHex) };
    expect(toHex(encodePollRequest(value))).toBe(hex);
    expect(decodePollRequest(fromHex(hex))).toEqual(value);
    expect(sessionOfPoll(fromHex(hex))).toBe(id);
  });

  test.each(vectors('answers'))('$meaning', ({ hex, counts, number: n, messages: carried }) => {
    const value = { counts, number: n, messages: carried.map(fromHex) };
    expect(toHex(encodePollAnswer(value))).toBe(hex);
    expect(decodePollAnswer(fromHex(hex))).toEqual(value);
  });

  test.each(vectors('lenient'))('is read: $meaning', ({ hex, as }) => {
    expect(decodePollRequest(fromHex(hex)) ?? decodePollAnswer(fromHex(hex))).toEqual(
      decodePollRequest(fromHex(as)) ?? decodePollAnswer(fromHex(as)),
    );
  });

  test.each(vectors('refused'))('is refused: $meaning', ({ hex }) => {
    expect(decodePollRequest(fromHex(hex))).toBeUndefined();
    expect(decodePollAnswer(fromHex(hex))).toBeUndefined();
  });

  test('whatever is written is read', () => {
    fc.assert(
      fc.property(request, (value) => {
        expect(decodePollRequest(encodePollRequest(value))).toEqual(value);
      }),
    );
    fc.assert(
      fc.property(fc.record({ counts: fc.boolean(), number, messages }), (value) => {
        expect(decodePollAnswer(encodePollAnswer(value))).toEqual(value);
      }),
    );
  });

  test('the beginning of a request keeps within its room', () => {
    const poll = { number: most, lowest: most, maxAnswerBytes: most, holdMs: most };
    const body = encodePollRequest({ session: 'x'.repeat(256), attach: most, poll, messages: [] });
    // An ack is added to a repeat.
    expect(body.length + 18).toBeLessThanOrEqual(maxPollHeaderBytes);
  });

  test('T5: more messages than a body may have are not read', () => {
    const body = (count: number) =>
      encodePollAnswer({ counts: true, number: 1, messages: Array(count).fill(Uint8Array.of(0x10, 0, 0)) });
    expect(decodePollAnswer(body(maxMessagesPerBody))!.messages.length).toBe(maxMessagesPerBody);
    expect(decodePollAnswer(body(maxMessagesPerBody + 1))).toBeUndefined();
    expect(decodePollAnswer(body(1_000_000))).toBeUndefined();
  });

  test('T24: random bytes, and bodies cut anywhere, are read or refused, never beyond their end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.constantFrom(0x20, 0x22, 0x24, 0x25), (bytes, kind) => {
        const body = Uint8Array.of(kind, ...bytes);
        const read = decodePollRequest(body) ?? decodePollAnswer(body);
        const carried = read?.messages.reduce((sum, message) => sum + message.length, 0) ?? 0;
        expect(carried).toBeLessThan(body.length);
      }),
    );
    fc.assert(
      fc.property(request, fc.nat(200), (value, cut) => {
        const read = decodePollRequest(encodePollRequest(value).subarray(0, cut));
        if (!read) return;
        expect(read.session).toBe(value.session);
        expect(read.messages).toEqual(value.messages.slice(0, read.messages.length));
      }),
    );
  });
});
