import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ChunkedReader,
  latin1,
  latin1Bytes,
  methodOf,
  scanRequestHead,
  scanResponseHead,
} from '../../src/http1/index.js';
import { anyBytes, chunkedText, requestText, responseText } from './arbitraries.js';
import { type Reference, referenceChunked, referenceRequest, referenceResponse } from './reference.js';
import { fieldsOf, type Scanned, scanRequest, scanResponse, scanText } from './scan-text.js';

const numRuns = 3000;

function expectSame({ result, head }: Scanned, reference: Reference): void {
  expect(reference.results).toContain(result);
  if (result !== 'complete') return;
  expect(fieldsOf(head)).toEqual(reference.fields);
  expect(head.chunked ? 'chunked' : head.contentLength < 0 ? undefined : head.contentLength).toBe(reference.length);
  expect(head.minorVersion).toBe(reference.line!.minor === '0' ? 0 : 1);
}

describe('the scan agrees with the grammar', () => {
  it('on requests', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.oneof({ arbitrary: requestText, weight: 9 }, { arbitrary: anyBytes, weight: 1 }), (text) => {
        const reference = referenceRequest(text);
        const scanned = scanRequest(text);
        seen.add(scanned.result);
        expectSame(scanned, reference);
        if (scanned.result !== 'complete') return;
        const { head } = scanned;
        expect([methodOf(head), latin1(head.bytes, head.targetStart, head.targetEnd)]).toEqual([
          reference.line!.method,
          reference.line!.target,
        ]);
      }),
      { numRuns },
    );
    // A fuzz that meets faults alone, or none, would prove nothing.
    expect([...seen].sort()).toEqual(
      expect.arrayContaining([
        'bad-request',
        'complete',
        'expectation-failed',
        'incomplete',
        'not-implemented',
        'version-not-supported',
      ]),
    );
  });

  it('on answers', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.oneof({ arbitrary: responseText, weight: 9 }, { arbitrary: anyBytes, weight: 1 }), (text) => {
        const reference = referenceResponse(text);
        const scanned = scanResponse(text);
        seen.add(scanned.result);
        expectSame(scanned, reference);
        if (scanned.result === 'complete') expect(scanned.head.status).toBe(Number(reference.line!.status));
      }),
      { numRuns },
    );
    expect([...seen].sort()).toEqual(['bad-answer', 'complete', 'incomplete']);
  });

  it('on chunked bodies', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.oneof({ arbitrary: chunkedText, weight: 9 }, { arbitrary: anyBytes, weight: 1 }), (text) => {
        const reference = referenceChunked(text);
        const reader = new ChunkedReader();
        const bytes = latin1Bytes(text);
        let data = '';
        let event = reader.read(bytes, 0, bytes.length);
        for (; event === 'data'; event = reader.read(bytes, reader.position, bytes.length)) {
          data += latin1(bytes, reader.dataStart, reader.dataEnd);
        }
        seen.add(event);
        // A faulty trailer section is refused when its end, or a line that ends wrongly, is there.
        if (event === 'more' && reference.event === 'bad-request') expect(text).toMatch(/0+(;.*)?\r\n/);
        else expect(event).toBe(reference.event);
        expect(data).toBe(reference.data);
        if (event === 'end') expect(text.slice(reader.position)).toBe(reference.rest);
      }),
      { numRuns },
    );
    expect([...seen].sort()).toEqual(['bad-request', 'end', 'more']);
  });
});

describe('a head in pieces', () => {
  it.each([
    ['request', scanRequestHead, requestText],
    ['answer', scanResponseHead, responseText],
  ] as const)('leads to the outcome of the whole: %s', (_name, scan, texts) => {
    fc.assert(
      fc.property(texts, fc.nat(200), (text, cut) => {
        const whole = scanText(scan, text).result;
        const part = scanText(scan, text.slice(0, cut)).result;
        expect(['incomplete', whole]).toContain(part);
        if (cut >= text.length) expect(part).toBe(whole);
      }),
      { numRuns: 1500 },
    );
  });
});
