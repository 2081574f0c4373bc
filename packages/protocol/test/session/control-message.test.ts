import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MessageKind } from '../../src/pipe/index.js';
import {
  decodeGoodbye,
  decodeHello,
  decodeWelcome,
  encodeControl,
  maxControlMessageBytes,
} from '../../src/session/index.js';
import { fromHex, readVectors, toHex } from '../read-vectors.js';

const vectors = (list: string) => readVectors('control', list);
const kinds: Record<string, number> = { hello: 1, welcome: 2, refuse: 3, close: 4 };
const decoders: Record<string, (bytes: Uint8Array) => any> = {
  hello: decodeHello,
  welcome: decodeWelcome,
  refuse: decodeGoodbye,
  close: decodeGoodbye,
};
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
const message = (kind: number, json: string) =>
  Uint8Array.from(Buffer.from(String.fromCharCode(kind) + json, 'latin1'));
const hello = { versions: [1], agent: 'x', key: 'k'.repeat(32), attach: 1, targets: [{ target: 'A', replica: 'r' }] };
const welcome = { version: 1, session: 's', offset: 0, keepAliveMs: 1, resumeMs: 1, maxStreams: 1 };

describe('control messages', () => {
  test.each(vectors('messages'))('$kind: $meaning', ({ hex, kind, value }) => {
    expect(toHex(encodeControl(kinds[kind]!, value))).toBe(hex);
    expect(plain(decoders[kind]!(fromHex(hex)))).toEqual(value);
  });

  test.each(vectors('refused'))('no hello: $meaning', ({ hex }) => {
    expect(decodeHello(fromHex(hex))).toBeUndefined();
  });

  test('what is not ASCII travels as escapes', () => {
    const bytes = encodeControl(MessageKind.Close, { code: 'closed', message: 'Grüße \u{1f600}' });
    expect(bytes.every((byte) => byte < 0x80)).toBe(true);
    expect(decodeGoodbye(bytes)).toEqual({ code: 'closed', message: 'Grüße \u{1f600}' });
  });

  test('an unknown code reads as closed, nonsense too', () => {
    for (const json of ['{"code":"newer","message":1}', '[]', 'null', '', '{"code":"toString"}']) {
      expect(decodeGoodbye(message(4, json))).toEqual({ code: 'closed', message: '' });
    }
  });

  test('a target may be called anything', () => {
    const json = `{"urls":{"__proto__":["http://p/"],"constructor":["http://c/"],"A":"no list"},${JSON.stringify(welcome).slice(1)}`;
    const { urls } = decodeWelcome(message(2, json))!;
    expect(Object.getPrototypeOf(urls)).toBeNull();
    expect(Object.entries(urls)).toEqual([
      ['__proto__', ['http://p/']],
      ['constructor', ['http://c/']],
      ['A', []],
    ]);
  });

  test('names from the wire reach no prototype, and what is not known is left out', () => {
    const json = `{"__proto__":{"token":"t","standby":true},"more":1,"labels":{"__proto__":"x"},${JSON.stringify(hello).slice(1)}`;
    const decoded = decodeHello(message(1, json))!;
    expect([decoded.token, decoded.standby, 'more' in decoded]).toEqual([undefined, undefined, false]);
    expect(Object.entries(decoded.labels!)).toEqual([['__proto__', 'x']]);
    expect(({} as any).token).toBeUndefined();
  });

  test.each([
    ['deep nesting', `{"labels":${'['.repeat(8000)}${']'.repeat(8000)}}`],
    ['half a nesting', '{"a":'.repeat(3000)],
    ['many targets', JSON.stringify({ ...hello, targets: Array(300).fill({ target: '', replica: '' }) })],
    ['targets that are none', JSON.stringify({ ...hello, targets: [null, 1, []] })],
    [
      'many labels',
      JSON.stringify({ ...hello, labels: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [i, ''])) }),
    ],
    ['a number too large', JSON.stringify(hello).replace('"attach":1', '"attach":1e400')],
    ['an array for a resume', JSON.stringify({ ...hello, resume: ['s', 1] })],
  ])('%s is refused', (_name, json) => {
    expect(decodeHello(message(1, json))).toBeUndefined();
  });

  test('a message above 16 KiB is not parsed', () => {
    const padded = message(1, JSON.stringify(hello).padEnd(maxControlMessageBytes));
    expect(padded.length).toBe(maxControlMessageBytes + 1);
    expect(decodeHello(padded)).toBeUndefined();
    expect(decodeHello(padded.subarray(0, -1))).toBeDefined();
  });

  test('times are cut to what a timer can wait', () => {
    const goodbye = (retryAfterMs: number) =>
      decodeGoodbye(message(3, JSON.stringify({ code: 'draining', message: '', retryAfterMs }))).retryAfterMs;
    expect([0, 5000, 3_600_000, 3_600_001, 2 ** 31, Number.MAX_SAFE_INTEGER].map(goodbye)).toEqual([
      0, 5000, 3_600_000, 3_600_000, 3_600_000, 3_600_000,
    ]);
    const long = { ...welcome, keepAliveMs: 2 ** 31, resumeMs: Number.MAX_SAFE_INTEGER };
    expect(decodeWelcome(message(2, JSON.stringify(long)))).toMatchObject({
      keepAliveMs: 86_400_000,
      resumeMs: 86_400_000,
    });
  });

  test('lists are cut, not trusted', () => {
    const long = { ...welcome, notices: Array(200).fill('n'), features: [1, 'f', 'x'.repeat(2000)] };
    const decoded = decodeWelcome(message(2, JSON.stringify(long)))!;
    expect([decoded.notices.length, decoded.features]).toEqual([64, ['f']]);
  });

  test('random JSON is read or refused, and what is read has the right shape', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(...Object.keys(hello), 'resume', 'labels', 'token'), (json, name) => {
        const decoded = decodeHello(
          message(1, `${JSON.stringify(hello).slice(0, -1)},"${name}":${json.replace(/[^\x20-\x7e]/g, '?')}}`),
        );
        if (!decoded) return;
        expect(Number.isSafeInteger(decoded.attach)).toBe(true);
        expect(decoded.targets.every((t) => typeof t.target === 'string')).toBe(true);
      }),
    );
  });
});
