import { describe, expect, it } from 'vitest';
import {
  defaultHeadLimits,
  findHeadEnd,
  Head,
  type HeadLimits,
  latin1Bytes,
  type ScanResult,
  scanRequestHead,
  scanResponseHead,
} from '../../src/http1/index.js';

const small: HeadLimits = { maxHeadBytes: 60, maxTargetBytes: 20, maxFields: 2 };
const metadata: HeadLimits = { ...defaultHeadLimits, metadata: true };

type Row = readonly [text: string, limits: HeadLimits];

const usual = (texts: readonly string[]): Row[] => texts.map((text) => [text, defaultHeadLimits]);

const requests: readonly Row[] = [
  ...usual([
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    '\r\n\r\nPOST http://b:80/c HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
    `${'\r\n'.repeat(9)}GET / HTTP/1.1\r\nHost: a\r\n\r\n`,
    '\nGET / HTTP/1.1\r\n\r\n',
    '\rGET / HTTP/1.1\r\n\r\n',
    'GET /\r\n\r\n',
    'GET / HTTP/2.0\r\nHost: a\r\n\r\n',
    'GET * HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET / HTTP/1.1\nHost: a\n\n',
    'GET / HTTP/1.1\r\nHost: a\r\nB: c\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nB: c\rd\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nB : c\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\n c\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    'GET / HTTP/1.1\r\nA: b\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\n\rX',
  ]),
  ['\r\n'.repeat(50), defaultHeadLimits],
  [`GET /${'a'.repeat(30)} HTTP/1.1\r\nHost: a\r\n\r\n`, small],
  [`GET / HTTP/1.1\r\nHost: a\r\nA: ${'b'.repeat(30)}\0\r\n\r\n`, small],
  ['GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nB : c\r\n\r\n', small],
  ['GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nB: c\r\n\r\n', small],
  ['GET / HTTP/1.1\r\n:target A\r\nHost: a\r\n\r\n', metadata],
  ['GET / HTTP/1.1\r\n:target A\nHost: a\r\n\r\n', metadata],
  ['GET / HTTP/1.1\r\n:tar get: A\r\nHost: a\r\n\r\n', metadata],
];

const responses: readonly Row[] = [
  ...usual([
    'HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody',
    'HTTP/1.1 200\r\n\r\n',
    'HTTP/1.1 2\n\r\n',
    'HTTP/1.1 200\n\r\n',
    'HTTP/1.1 200 O\nK\r\n\r\n',
    'HTTP/1.1 600 OK\r\n\r\n',
    'HTTP/2.0 200 OK\r\n\r\n',
    'HTTP\n',
    'HTTP/1.1 200 OK\r\nA : b\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n',
  ]),
  [`HTTP/1.1 200 OK\r\nA: ${'b'.repeat(60)}\n\r\n`, small],
];

type Scan = typeof scanRequestHead;

/** The outcome of every prefix: `incomplete`, then always what the whole gives. */
function outcomes(scan: Scan, bytes: Uint8Array, limits: HeadLimits): ScanResult[] {
  return Array.from({ length: bytes.length + 1 }, (_, end) => scan(new Head(), bytes, 0, end, limits));
}

describe.each([
  ['scanRequestHead', scanRequestHead, requests],
  ['scanResponseHead', scanResponseHead, responses],
] as const)('%s', (_name, scan, texts) => {
  it.each(texts)('gives one outcome in any pieces: %j', (text, limits) => {
    const bytes = latin1Bytes(text);
    const all = outcomes(scan, bytes, limits);
    const known = all.findIndex((result) => result !== 'incomplete');
    expect(all.slice(known)).toEqual(Array(all.length - known).fill(all.at(-1)));
    const head = new Head();
    if (scan(head, bytes, 0, bytes.length, limits) === 'complete') expect(known).toBe(head.end);
  });

  it.each(texts)('is over where findHeadEnd says so: %j', (text, limits) => {
    const bytes = latin1Bytes(text);
    const all = outcomes(scan, bytes, limits);
    const found = findHeadEnd(bytes, 0, bytes.length);
    if (found > 0) expect(all[found]).not.toBe('incomplete');
    if (all.at(-1) === 'complete') expect(found).toBe(all.indexOf('complete'));
  });
});

describe('findHeadEnd', () => {
  it.each([
    ['', 0],
    ['\r', -1],
    ['\r\n', -2],
    ['\r\n\r\n', -4],
    ['\r\n'.repeat(8), -16],
    ['\r\n'.repeat(9), 18],
    ['\n', 1],
    ['a\n', 2],
    ['a\r\n\r\n', 5],
    ['a\r\n\r\nb', 5],
    ['a\r\n\r', -4],
    ['a\r\n\n', 4],
    ['\r\na\r\n\r\n', 7],
    ['a\r\r\n\r\n', 6],
    [`${'a'.repeat(40)}\r\n\r\n`, 44],
  ])('finds in %j the position %i, in any pieces', (text, position) => {
    const bytes = latin1Bytes(text);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const first = findHeadEnd(bytes, 0, cut);
      const last = first > 0 ? first : findHeadEnd(bytes, -first, bytes.length);
      expect(last).toBe(position);
    }
    let at = 0;
    for (let end = 0; end <= bytes.length && at <= 0; end++) at = findHeadEnd(bytes, -at, end);
    expect(at + 0).toBe(position);
  });

  it('looks at no byte behind the end', () => {
    expect(findHeadEnd(latin1Bytes('GET\r\n\r\n'), 0, 6)).toBe(-6);
  });

  it('looks at each byte of a long head once, though it comes byte by byte', () => {
    let reads = 0;
    const bytes = latin1Bytes(`GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(5000)}`);
    const counting = new Proxy(bytes, {
      get(target, key) {
        reads++;
        return Reflect.get(target, key, target);
      },
    });
    let at = 0;
    for (let end = 1; end <= bytes.length; end++) at = findHeadEnd(counting, -at, end);
    expect(at).toBe(-bytes.length);
    expect(reads).toBeLessThan(2 * bytes.length);
  });
});
