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

/** Fields by which the gateway says who the visitor is. */
function isOfVisitor(key: string): boolean {
  return /^(?:X?Forwarded|XRealIp|ClientCert)/.test(key);
}

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
      expect(identify(other)).toBe(isOfVisitor(key) && other.includes('_') ? id : Field.Other);
    }
  });

  it('knows what speaks of the visitor by its CGI name too, half and whole', () => {
    for (const name of ['x_forwarded_for', 'X-Forwarded_For', 'X_FORWARDED-FOR']) {
      expect(identifyField(latin1Bytes(name), 0, name.length)).toBe(Field.XForwardedFor);
    }
    expect(identifyField(latin1Bytes('cache_control'), 0, 13)).toBe(Field.Other);
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
