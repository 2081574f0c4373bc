import { describe, expect, test } from 'vitest';
import { byCookie } from '../../src/routing/by-cookie.js';
import { scanRequest } from '../support/scan-request.js';

const id63 = `a${'b'.repeat(61)}c`;

describe('byCookie', () => {
  const rows: [string, string, string | undefined][] = [
    ['alone', 'Cookie: target=A', 'A'],
    ['first', 'Cookie: target=A; other=B', 'A'],
    ['last', 'Cookie: other=B; target=A', 'A'],
    ['between', 'Cookie: a=1;target=A;b=2', 'A'],
    ['in a later line', 'Cookie: a=1\r\nX: target=C\r\nCookie: target=A', 'A'],
    ['white space around', 'Cookie:  \t target=A\t ; b=2', 'A'],
    ['the longest id', `Cookie: target=${id63}`, id63],
    ['too long', `Cookie: target=${id63}d`, undefined],
    ['empty', 'Cookie: target=', undefined],
    ['empty, others behind', 'Cookie: target=; A=A', undefined],
    ['no value', 'Cookie: target', undefined],
    ['no cookie', 'X-Target: A', undefined],
    ['names are compared with case', 'Cookie: Target=A', undefined],
    ['a name that begins so', 'Cookie: target2=A', undefined],
    ['a name that ends so', 'Cookie: mytarget=A', undefined],
    ['a value that looks so', 'Cookie: a=target=A', undefined],
    ['in another field', 'X-Cookie: target=A', undefined],
    ['quoted', 'Cookie: target="A"', undefined],
    ['two words', 'Cookie: target=A B', undefined],
    ['a comma', 'Cookie: target=A, target=B', undefined],
    ['no target id', 'Cookie: target=-A', undefined],
    ['encoded', 'Cookie: target=%41', undefined],
    ['white space before =', 'Cookie: target =A', undefined],
    ['twice, different', 'Cookie: target=A; target=B', undefined],
    ['twice, the same', 'Cookie: target=A; target=A', undefined],
    ['twice, in two lines', 'Cookie: target=A\r\nCookie: target=B', undefined],
    ['twice, one without value', 'Cookie: target=A; target=', undefined],
  ];
  test.each(rows)('%s', (_, lines, target) => {
    const route = byCookie('target');
    const wanted = target === undefined ? undefined : { target, prefix: '', bare: false, sharesOrigin: true };
    for (let i = 0; i < 2; i++)
      expect(route.match(scanRequest(`GET /x HTTP/1.1\r\nHost: x\r\n${lines}`))).toEqual(wanted);
    expect(route.match(scanRequest('GET / HTTP/1.1\r\nHost: x\r\nCookie: target=Other'))?.target).toBe('Other');
    expect(route.match(scanRequest(`GET /x HTTP/1.1\r\nHost: x\r\n${lines}`))).toEqual(wanted);
  });

  test('its targets share an origin, and answers vary', () => {
    const route = byCookie('target');
    expect(route).toMatchObject({ sharesOrigin: true, variesBy: 'Cookie', description: 'cookie target' });
    expect(route.select).toBeUndefined();
    expect(route.urlOf('A', 'http://x')).toBe('http://x/');
  });

  test.each(['', 'a b', 'a=b', 'a;b', 'a\r\nb', 'ä'])('refuses the name "%s"', (name) => {
    expect(() => byCookie(name)).toThrow(TypeError);
  });

  test.each([
    '/select',
    '/.well-known/reverse-http/',
    '/.well-known/reverse-http/a/b',
    '/.well-known/reverse-http/poll',
    '/.well-known/reverse-http/a?b',
    'select',
    '',
  ])('refuses to select at "%s"', (select) => {
    expect(() => byCookie('target', { select })).toThrow(TypeError);
  });
});
