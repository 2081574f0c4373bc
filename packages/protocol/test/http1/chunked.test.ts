import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ChunkedEvent,
  ChunkedReader,
  type ChunkLimits,
  chunkEnd,
  defaultChunkLimits,
  lastChunk,
  lastChunkBeforeTrailers,
  latin1,
  latin1Bytes,
  maxChunkHeaderBytes,
  writeChunkSize,
} from '../../src/http1/index.js';

interface Read {
  readonly event: ChunkedEvent;
  readonly data: string;
  readonly trailers: string;
  /** What follows the body. */
  readonly rest: string;
}

/** Reads a body whose pieces end at `cuts`. */
function read(
  text: string,
  cuts: readonly number[] = [],
  limits?: ChunkLimits,
  reader = new ChunkedReader(limits),
): Read {
  const bytes = latin1Bytes(text);
  let data = '';
  let event: ChunkedEvent = 'more';
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    // A piece is a buffer of its own, and other bytes stand around what is to be read.
    const piece = latin1Bytes(`0\r\n\r\n${latin1(bytes, at, cut)}\r\n`);
    const end = 5 + cut - at;
    let position = 5;
    for (;;) {
      event = reader.read(piece, position, end);
      expect(reader.position).toBeLessThanOrEqual(end);
      if (event === 'data') data += latin1(piece, reader.dataStart, reader.dataEnd);
      position = reader.position;
      if (event !== 'data') break;
    }
    if (event !== 'more') {
      at += position - 5;
      break;
    }
    at = cut;
  }
  const { trailers } = reader;
  return {
    event,
    data,
    trailers: trailers ? latin1(trailers, 0, trailers.length) : '',
    rest: event === 'end' ? text.slice(at) : '',
  };
}

const good: readonly (readonly [rule: string, text: string, expected: Partial<Read>])[] = [
  ['', '0\r\n\r\n', { data: '' }],
  ['', '3\r\nabc\r\n0\r\n\r\n', { data: 'abc' }],
  ['', '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET /', { data: 'abcde', rest: 'GET /' }],
  ['', 'A\r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n', { data: '0\r\n\r\n0\r\n\r\n' }],
  ['', '0000a\r\n0123456789\r\n000\r\n\r\n', { data: '0123456789' }],
  ['', '0000000000000001\r\na\r\n0\r\n\r\n', { data: 'a' }],
  ['R22', '3;a=b;c="d\te;\xff"\r\nabc\r\n0;x\r\n\r\n', { data: 'abc' }],
  ['R22', '3;\r\nabc\r\n0\r\n\r\n', { data: 'abc' }],
  ['', '0\r\nX-A: b\r\nX-C:d \r\n\r\nrest', { trailers: 'X-A: b\r\nX-C:d \r\n\r\n', rest: 'rest' }],
  ['R53', '1\r\na\r\n0\r\nServer-Timing: x\r\n\r\n', { data: 'a', trailers: 'Server-Timing: x\r\n\r\n' }],
  ...[
    'Host',
    'Authorization',
    'Cookie',
    'Set-Cookie',
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Upgrade',
    'Expect',
    'Max-Forwards',
    'Content-Type',
    'Content-Encoding',
    'Content-Range',
    'Cache-Control',
    'Location',
    'Forwarded',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'X-Forwarded-Proto',
    'X-Real-IP',
    'Client-Cert',
    'Proxy-Authorization',
    'Via',
    'CDN-Loop',
    'transfer_encoding',
    'Content_Length',
  ].map((name): [string, string, Partial<Read>] => [
    'R23',
    `0\r\nA: 1\r\n${name}: x\r\nB: 2\r\n\r\n`,
    { trailers: 'A: 1\r\nB: 2\r\n\r\n' },
  ]),
  ['R23', '0\r\nHost: a\r\n\r\nrest', { trailers: '', rest: 'rest' }],
];

const bad: readonly (readonly [rule: string, text: string])[] = [
  ...[
    '0x3',
    '+3',
    '-3',
    ' 3',
    '3 ',
    '3 ;a',
    '',
    ';a',
    'g',
    '3g',
    '3,',
    '3\t',
    '3\r',
    '\r',
    '\r\n3',
    '\x003',
    '3\x00',
    '3\n',
    '.3',
    '3;a\n',
    '3;a\x00',
    '3;a\x7f',
    '3;a\rb',
  ].map((size): [string, string] => ['R21', `${size}\r\nabc\r\n0\r\n\r\n`]),
  ['R21', 'fffffffffffff0\r\n'.replace('f', '4')],
  ['R21', '20000000000000\r\n'],
  ['R21', 'ffffffffffffffff\r\n'],
  ['R21', '10000000000000000\r\n'],
  ['R21', '00000000000000003\r\nabc\r\n0\r\n\r\n'],
  ['R21', '3\nabc\r\n0\r\n\r\n'],
  ['R21', '3\r\nabcd\r\n0\r\n\r\n'],
  ['R21', '3\r\nab\r\n0\r\n\r\n'],
  ['R21', '3\r\nabc\n0\r\n\r\n'],
  ['R21', '3\r\nabc\r0\r\n\r\n'],
  ['R21', '3\r\nabc0\r\n\r\n'],
  ['R21', '3\r\nabc\r\n0\n\r\n'],
  ['R7', '0\r\n\n'],
  ['R7', '0\r\nA: b\n\r\n'],
  ['R7', '0\r\nA: b\rc\r\n\r\n'],
  ['R7', '0\r\nA: b\0\r\n\r\n'],
  ['R23', '0\r\nA: 1\r\nContent-Length: 3\r\n\r\n'],
  ['R23', '0\r\ntransfer-encoding: chunked\r\n\r\n'],
  ['R6', '0\r\nA : b\r\n\r\n'],
  ['R6', '0\r\nA: b\r\n c\r\n\r\n'],
  ['R6', '0\r\n A: b\r\n\r\n'],
  ['R6', '0\r\nA\r\n\r\n'],
  ['R6', '0\r\n:a b\r\n\r\n'],
];

const limits: ChunkLimits = { maxChunkLineBytes: 5, maxTrailerBytes: 10, maxTrailerFields: 2 };
type Bound = readonly [rule: string, text: string, event: ChunkedEvent, limits: ChunkLimits];
const bounds: readonly Bound[] = [
  ['R22', '3;abc\r\nabc\r\n0\r\n\r\n', 'end', limits],
  ['R22', '3;abcd\r\nabc\r\n0\r\n\r\n', 'bad-request', limits],
  ['R22', '00003\r\nabc\r\n0\r\n\r\n', 'end', limits],
  ['R22', '00003;\r\nabc\r\n0\r\n\r\n', 'bad-request', limits],
  ['R22', `3;${'a'.repeat(4094)}\r\nabc\r\n0\r\n\r\n`, 'end', defaultChunkLimits],
  ['R22', `3;${'a'.repeat(4095)}\r\nabc\r\n0\r\n\r\n`, 'bad-request', defaultChunkLimits],
  ['R69', '0\r\nA: bcde\r\n\r\n', 'head-too-large', limits],
  ['R69', '0\r\nA: bc\r\n\r\n', 'end', { ...limits, maxTrailerBytes: 9 }],
  ['R69', '0\r\nA: bc\r\n\r\n', 'head-too-large', { ...limits, maxTrailerBytes: 8 }],
  ['R69', '0\r\nA:\r\nB:\r\n\r\n', 'end', { ...limits, maxTrailerBytes: 99 }],
  ['R69', '0\r\nA:\r\nB:\r\nC:\r\n\r\n', 'head-too-large', { ...limits, maxTrailerBytes: 99 }],
  ['R69', `0\r\nA: ${'b'.repeat(16 * 1024)}`, 'head-too-large', defaultChunkLimits],
  ['R69', `0\r\n${'A:\r\n'.repeat(100)}\r\n`, 'end', defaultChunkLimits],
  ['R69', `0\r\n${'A:\r\n'.repeat(101)}\r\n`, 'head-too-large', defaultChunkLimits],
];

describe('ChunkedReader', () => {
  it.each(good)('%s reads %j', (_rule, text, expected) => {
    expect(read(text)).toEqual({ event: 'end', data: '', trailers: '', rest: '', ...expected });
  });

  it.each(bad)('%s refuses %j', (_rule, text) => {
    expect(read(text).event).toBe('bad-request');
  });

  it.each<Bound>(bounds)('%s bounds %j', (_rule, text, event, some) => {
    expect(read(text, [], some).event).toBe(event);
  });

  it('comes to the same in any pieces', () => {
    const texts = [
      ...good.map(([, text]) => [text, defaultChunkLimits] as const),
      ...bad.map(([, text]) => [text, defaultChunkLimits] as const),
      ...bounds.filter(([, text]) => text.length < 100).map(([, text, , some]) => [text, some] as const),
    ];
    for (const [text, some] of texts) {
      const whole = read(text, [], some);
      for (let cut = 0; cut <= text.length; cut++) expect(read(text, [cut], some)).toEqual(whole);
      expect(
        read(
          text,
          Array.from(text, (_, i) => i),
          some,
        ),
      ).toEqual(whole);
    }
  });

  it('says that more is wanted until the last byte, and no more then', () => {
    const text = '3;x\r\nabc\r\n0\r\nA: b\r\n\r\n';
    for (let end = 0; end < text.length; end++) expect(read(text.slice(0, end)).event).toBe('more');
    expect(read(text).event).toBe('end');
  });

  it('stays at its end and at a fault until it is reset', () => {
    const reader = new ChunkedReader();
    expect(read('0\r\nA: b\r\n\r\n', [], undefined, reader).event).toBe('end');
    expect(read('1\r\na\r\n', [], undefined, reader)).toMatchObject({ event: 'end', rest: '1\r\na\r\n' });
    reader.reset();
    expect(reader.trailers).toBeUndefined();
    expect(read('x', [], undefined, reader).event).toBe('bad-request');
    expect(reader.detail).not.toBe('');
    expect(read('0\r\n\r\n', [], undefined, reader).event).toBe('bad-request');
    reader.reset();
    expect(read('1\r\na\r\n0\r\n\r\n', [], undefined, reader)).toMatchObject({ event: 'end', data: 'a', trailers: '' });
  });

  it('points into the piece that it is given', () => {
    const reader = new ChunkedReader();
    const bytes = latin1Bytes('fffff\r\nabc');
    expect(reader.read(bytes, 0, bytes.length)).toBe('data');
    expect([reader.dataStart, reader.dataEnd, reader.position]).toEqual([7, 10, 10]);
    expect(reader.read(bytes, 10, 10)).toBe('more');
  });

  it('takes random bytes without throwing, and ends at some point', () => {
    const piece = fc.oneof(
      fc.constantFrom('0', '3', 'a', '\r\n', '\r', '\n', ';', ' ', 'A: b', '\r\n\r\n', '0\r\n', 'fffffffff', 'abc'),
      fc.string({ unit: 'binary', maxLength: 5 }).map((text) =>
        latin1(
          Uint8Array.from(text, (c) => c.charCodeAt(0)),
          0,
          text.length,
        ),
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.nat(60), (pieces, cut) => {
        const text = pieces.join('');
        expect(read(text, [Math.min(cut, text.length)])).toEqual(read(text));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('writeChunkSize', () => {
  it.each([
    [1, '1'],
    [15, 'f'],
    [16, '10'],
    [65535, 'ffff'],
    [65536, '10000'],
    [2 ** 32, '100000000'],
    [Number.MAX_SAFE_INTEGER, '1fffffffffffff'],
  ])('writes %i as %s', (size, text) => {
    const into = new Uint8Array(3 + maxChunkHeaderBytes);
    const end = writeChunkSize(into, 3, size);
    expect(latin1(into, 3, end)).toBe(`${text}\r\n`);
  });

  it('is read back, with trailers or without', () => {
    const chunk = fc.string({
      minLength: 1,
      maxLength: 300,
      unit: fc.constantFrom('\0', '\r', '\n', '0', 'a', '\xff'),
    });
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 5 }),
        fc.boolean(),
        fc.array(fc.nat(500), { maxLength: 4 }),
        (chunks, withTrailers, cuts) => {
          const text = (bytes: Uint8Array): string => latin1(bytes, 0, bytes.length);
          const line = new Uint8Array(maxChunkHeaderBytes);
          let body = '';
          for (const data of chunks)
            body += latin1(line, 0, writeChunkSize(line, 0, data.length)) + data + text(chunkEnd);
          body += withTrailers ? `${text(lastChunkBeforeTrailers)}A: b\r\n\r\n` : text(lastChunk);
          const inOrder = cuts.map((cut) => Math.min(cut, body.length)).sort((a, b) => a - b);
          expect(read(`${body}next`, inOrder)).toMatchObject({
            event: 'end',
            data: chunks.join(''),
            trailers: withTrailers ? 'A: b\r\n\r\n' : '',
            rest: 'next',
          });
        },
      ),
      { numRuns: 200 },
    );
  });
});
