import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  copyBytes,
  copyFields,
  dropField,
  dropHopByHop,
  type Head,
  latin1,
  latin1Bytes,
  reasonPhrase,
  writeDecimal,
  writeField,
  writeLatin1,
  writeStatusLine,
} from '../../src/http1/index.js';
import { fieldsOf, scanRequest, scanResponse } from './scan-text.js';

function scan(lines: readonly string[]): Head {
  const { result, head } = scanResponse(`${['HTTP/1.1 200 OK', ...lines].join('\r\n')}\r\n\r\n`);
  expect(result).toBe('complete');
  return head;
}

/** What is left of the field lines, as it is copied to a place in the middle of other bytes. */
function copied(head: Head): string[] {
  const into = new Uint8Array(40_000).fill(0x2e);
  const end = copyFields(head, into, 7);
  expect(latin1(into, 0, 7) + latin1(into, end, end + 1)).toBe('........');
  const text = latin1(into, 7, end);
  return text === '' ? [] : text.replace(/\r\n$/, '').split('\r\n');
}

describe('copyFields', () => {
  it('copies fields as they came', () => {
    expect(copied(scan(['A:b ', 'a:\t\xff', `C: ${'d'.repeat(100)}`, 'E:']))).toEqual([
      'A:b ',
      'a:\t\xff',
      `C: ${'d'.repeat(100)}`,
      'E:',
    ]);
    expect(copied(scan([]))).toEqual([]);
  });

  it('leaves out whatever is dropped', () => {
    const line = fc.tuple(
      fc.constantFrom('A', 'b', 'Host', 'X-Long-Name'),
      fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(
        fc.array(
          line.filter(([name]) => name !== 'Host'),
          { maxLength: 30 },
        ),
        (lines) => {
          const texts = lines.map(([name, value]) => `${name}: ${value}`);
          const head = scan(texts);
          lines.forEach(([, , keep], i) => {
            if (!keep) dropField(head, i);
          });
          expect(copied(head)).toEqual(texts.filter((_, i) => lines[i]![2]));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('dropHopByHop', () => {
  it.each<[rule: string, lines: string[], kept: string[]]>([
    ['R32', ['Connection: x', 'Keep-Alive: 1', 'Proxy-Connection: x', 'TE: x', 'Upgrade: x', 'HTTP2-Settings: x'], []],
    ['R32', ['Transfer-Encoding: chunked', 'Proxy-Authenticate: x', 'Proxy-Authorization: x', 'A: b'], ['A: b']],
    ['R31', ['A: 1', 'Connection: a, B ,\tc', 'b: 2', 'C: 3', 'D: 4', 'A: 5'], ['D: 4']],
    ['R31', ['A: 1', 'B: 2', 'Connection: a', 'Connection: b', 'C: 3'], ['C: 3']],
    ['R31', ['Connection: connection', 'Connection: a', 'A: 1', 'B: 2'], ['B: 2']],
    ['R31', ['Connection: close', 'Close: 1', 'B: 2'], ['B: 2']],
    ['R31', ['Connection: ,, ,a,,', 'A: 1', 'AA: 2', 'B: 3'], ['AA: 2', 'B: 3']],
    ['R31', ['Connection: x-@, x-`', 'X-`: 1', 'X-^: 2', 'X-~: 3'], ['X-^: 2', 'X-~: 3']],
    ['R33', ['X-Forwarded-For: 1', 'Connection: X-Forwarded-For', 'Via: 1.1 a'], ['Via: 1.1 a']],
    [
      'R34',
      [
        'Connection: host, cookie, set-cookie, authorization, content-length, content-type, content-disposition, cache-control',
        'Host: a',
        'Cookie: b',
        'Set-Cookie: c',
        'Authorization: d',
        'Content-Length: 1',
        'Content-Type: e',
        'Content-Disposition: f',
        'Cache-Control: g',
      ],
      [
        'Host: a',
        'Cookie: b',
        'Set-Cookie: c',
        'Authorization: d',
        'Content-Length: 1',
        'Content-Type: e',
        'Content-Disposition: f',
        'Cache-Control: g',
      ],
    ],
    ['R35', ['x-A: 1', 'TRAILER: x', 'X-a: 2', 'Date: d'], ['x-A: 1', 'TRAILER: x', 'X-a: 2', 'Date: d']],
  ])('%s of %j', (_rule, lines, kept) => {
    const head = scan(lines);
    dropHopByHop(head);
    expect(copied(head)).toEqual(kept);
  });

  it('drops whatever Connection lists', () => {
    const name = fc.constantFrom(
      'a',
      'b',
      'X-A',
      'x-a',
      'X-Ab',
      'connection',
      'Keep-Alive',
      'te',
      'Cookie',
      'Content-X',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(name, fc.array(name, { maxLength: 4 })), { maxLength: 12 }), (fields) => {
        const lines = fields.map((field) =>
          typeof field === 'string' ? `${field}: 1` : `Connection: ${field.join(' , ')}`,
        );
        const usable = lines.filter((line) => !line.startsWith('connection'));
        const listed = new Set(
          fields.flatMap((field) => (typeof field === 'string' ? [] : field.map((f) => f.toLowerCase()))),
        );
        const kept = usable.filter((line) => {
          const lower = line.slice(0, line.indexOf(':')).toLowerCase();
          if (['connection', 'keep-alive', 'te'].includes(lower)) return false;
          return !listed.has(lower) || ['cookie', 'content-x'].includes(lower);
        });
        const head = scan(usable);
        dropHopByHop(head);
        expect(copied(head)).toEqual(kept);
      }),
      { numRuns: 300 },
    );
  });
});

describe('writing', () => {
  it('writes a head that the scan reads back', () => {
    const into = new Uint8Array(200);
    let at = writeStatusLine(into, 0, 404);
    at = writeField(into, at, 'X-A', 'b\xff');
    at = writeLatin1('Content-Length: ', into, at);
    at = writeDecimal(into, at, 1234567890123);
    at = writeLatin1('\r\n\r\n', into, at);
    const { result, head } = scanResponse(latin1(into, 0, at));
    expect(result).toBe('complete');
    expect(head).toMatchObject({ status: 404, contentLength: 1234567890123 });
    expect(fieldsOf(head)).toEqual([
      ['X-A', 'b\xff'],
      ['Content-Length', '1234567890123'],
    ]);
  });

  it.each([
    [200, undefined, 'HTTP/1.1 200 OK\r\n'],
    [299, undefined, 'HTTP/1.1 299 \r\n'],
    [200, 'Fine', 'HTTP/1.1 200 Fine\r\n'],
    [200, '', 'HTTP/1.1 200 \r\n'],
  ])('writes the status line of %i %s', (status, reason, line) => {
    const into = new Uint8Array(40);
    expect(latin1(into, 0, writeStatusLine(into, 0, status, reason))).toBe(line);
  });

  it('knows the phrases of what the gateway answers', () => {
    expect([502, 599].map(reasonPhrase)).toEqual(['Bad Gateway', '']);
  });

  it.each([0, 1, 24, 25, 5000])('copies a run of %i bytes', (length) => {
    const bytes = Uint8Array.from({ length: length + 2 }, (_, i) => i);
    const into = new Uint8Array(length + 2);
    expect(copyBytes(bytes, 1, length + 1, into, 1)).toBe(length + 1);
    expect(into.subarray(1, length + 1)).toEqual(bytes.subarray(1, length + 1));
    expect([into[0], into[length + 1]]).toEqual([0, 0]);
  });
});

describe('a request in parts', () => {
  it('is put together again without what is dropped', () => {
    const { head } = scanRequest('\r\nGET http://b/c HTTP/1.1\r\nHost: a\r\nConnection: x\r\nX: 1\r\nY: 2\r\n\r\n');
    dropHopByHop(head);
    const into = new Uint8Array(200);
    let at = copyBytes(head.bytes, head.methodStart, head.methodEnd + 1, into, 0);
    at = copyBytes(head.bytes, head.pathStart, head.pathEnd, into, at);
    at = writeLatin1(' HTTP/1.1\r\n', into, at);
    at = writeLatin1('\r\n', into, copyFields(head, into, at));
    expect(latin1(into, 0, at)).toBe('GET /c HTTP/1.1\r\nHost: a\r\nY: 2\r\n\r\n');
  });
});

describe('latin1', () => {
  it('is one code point a byte, both ways and beyond any piece', () => {
    const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i * 7);
    const text = latin1(bytes, 0, bytes.length);
    expect(text).toBe(Buffer.from(bytes).toString('latin1'));
    expect(latin1Bytes(text)).toEqual(bytes);
    expect(latin1(bytes, 4090, 8200)).toBe(text.slice(4090, 8200));
    expect(() => latin1Bytes('\u0100')).toThrow(RangeError);
  });
});
