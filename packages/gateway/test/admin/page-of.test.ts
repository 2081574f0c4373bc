import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pageOf } from '../../src/admin/page-of.js';

const query = (more: Record<string, string>): URLSearchParams => new URLSearchParams(more);

test('the pages together are all keys in order, each once', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ minLength: 1 })), fc.integer({ min: 1, max: 7 }), (keys, limit) => {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page = pageOf(keys, query({ limit: String(limit), ...(cursor === null ? {} : { cursor }) }));
        expect(page.keys.length).toBe(page.next === null ? page.keys.length : limit);
        seen.push(...page.keys);
        cursor = page.next;
      } while (cursor !== null);
      expect(seen).toEqual([...keys].sort());
    }),
  );
});

test('what comes and goes between two pages moves nothing else', () => {
  const first = pageOf(['a', 'c', 'e', 'g'], query({ limit: '2' }));
  expect(first.keys).toEqual(['a', 'c']);
  expect(pageOf(['b', 'd', 'e', 'g'], query({ cursor: first.next! }))).toEqual({ keys: ['d', 'e', 'g'], next: null });
});

test('a hundred by default, a thousand at most', () => {
  const keys = Array.from({ length: 10_000 }, (_, i) => `t-${9999 - i}`);
  expect(pageOf(keys, query({})).keys).toHaveLength(100);
  expect(pageOf(keys, query({ limit: '1000' })).keys).toHaveLength(1000);
});

test.each([
  [{ limit: '0' }],
  [{ limit: '1001' }],
  [{ limit: '-1' }],
  [{ limit: '1e2' }],
  [{ limit: '' }],
  [{ cursor: '' }],
  [{ cursor: '%%' }],
  [{ cursor: 'YQ==' }],
])('%j is refused', (given) => {
  expect(() => pageOf(['a'], query(given as never))).toThrow(expect.objectContaining({ code: 'bad-option' }));
});
