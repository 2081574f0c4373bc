import { expect, test } from 'vitest';
import { formatPosition, jsonOffset } from '../../src/credentials/json-offset.js';

test.each([
  ['{a', 1],
  ['{"a": x}', 6],
  ['{"version":1,}', 13],
  ['{"version":1', 12],
  ['[1,2', 4],
  ['', 0],
  ['  ', 2],
  ['{"a":1} x', 8],
  ['{"a" 1}', 5],
  ['[01]', 1],
  ['{"a":"\n"}', 5],
  [`${'['.repeat(100_000)}`, 65],
])('%j is no JSON from offset %i on', (text, offset) => {
  expect(() => JSON.parse(text)).toThrow();
  expect(jsonOffset(text, [])).toBe(offset);
});

const text = ' { "a b": [1, {"c\\u0020": "x"}, [ ]],\n "d" :{}, "e": -1.5e3, "f": null }';
test.each([
  [[], '{ "a b"'],
  [['a b'], '[1,'],
  [['a b', 0], '1, {'],
  [['a b', 1, 'c '], '"x"'],
  [['a b', 1, 'none'], '{"c'],
  [['a b', 2], '[ ]'],
  [['d'], '{}'],
  [['e'], '-1.5e3'],
  [['f'], 'null'],
])('the value at %j', (path, begins) => {
  JSON.parse(text);
  expect(text.slice(jsonOffset(text, path)).slice(0, begins.length)).toBe(begins);
});

test('lines and columns count from 1', () => {
  expect(formatPosition(text, 0)).toBe('1:1');
  expect(formatPosition(text, jsonOffset(text, ['d']))).toBe('2:7');
});
