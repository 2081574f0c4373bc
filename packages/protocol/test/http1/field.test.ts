import { describe, expect, it } from 'vitest';
import { equalsIgnoringCase, Field, identifyField, latin1Bytes } from '../../src/http1/index.js';

/** `SetCookie` is `set-cookie`; the underscore twins are their own. */
function nameOf(key: string): string {
  if (key.startsWith('Underscore'))
    return key
      .slice(10)
      .replace(/(?<=.)([A-Z])/g, '_$1')
      .toLowerCase();
  return key.replace(/(?<=.)([A-Z])/g, '-$1').toLowerCase();
}

const known = Object.entries(Field).filter(([key]) => key !== 'Other' && key !== 'Dropped');

describe('identifyField', () => {
  it.each(known)('knows %s in any case, and no name near it', (key, id) => {
    const name = nameOf(key);
    const identify = (text: string): number => {
      const bytes = latin1Bytes(`<${text}>`);
      return identifyField(bytes, 1, bytes.length - 1);
    };
    expect([name, name.toUpperCase()].map(identify)).toEqual([id, id]);
    const others = [
      `${name}x`,
      `x${name}`,
      name.slice(1),
      name.slice(0, -1),
      name.replace('-', '_'),
      `${name.slice(0, -1)}!`,
    ];
    for (const other of others) {
      if (known.some(([otherKey]) => nameOf(otherKey) === other)) continue;
      expect(identify(other)).toBe(Field.Other);
    }
  });
});

describe('equalsIgnoringCase', () => {
  it.each([
    ['AbC', 'abc', true],
    ['@', '`', false],
    ['[', '{', false],
    ['\r', '-', false],
    ['\x10', '0', false],
    ['K', 'k', true],
    ['\xcb', '\xeb', false],
  ])('compares %j with %j', (text, lower, equal) => {
    expect(equalsIgnoringCase(latin1Bytes(text), 0, latin1Bytes(lower))).toBe(equal);
  });
});
