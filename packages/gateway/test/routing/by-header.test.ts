import { describe, expect, test } from 'vitest';
import { byHeader } from '../../src/routing/by-header.js';
import { scanRequest } from '../support/scan-request.js';

describe('byHeader', () => {
  const rows: [string, string, string | undefined][] = [
    ['as configured', 'X-Target: A', 'A'],
    ['in any case', 'x-tARGET: A', 'A'],
    ['white space around', 'X-Target: \t A \t', 'A'],
    ['absent', 'X-Other: A', undefined],
    ['a name that begins so', 'X-Target-2: A', undefined],
    ['empty', 'X-Target:', undefined],
    ['no target id', 'X-Target: a b', undefined],
    ['a list', 'X-Target: A, B', undefined],
    ['several, different', 'X-Target: A\r\nX-Target: B', undefined],
    ['several, the same', 'X-Target: A\r\nx-target: A', undefined],
    ['several, one empty', 'X-Target: A\r\nx-target:', undefined],
  ];
  test.each(rows)('%s', (_, lines, target) => {
    const route = byHeader('X-Target');
    const match = (): unknown => route.match(scanRequest(`GET /x HTTP/1.1\r\nHost: x\r\n${lines}`));
    const wanted = {
      target,
      prefix: '',
      bare: false,
      sharesOrigin: true,
      hides: Uint8Array.from(Buffer.from('x-target')),
    };
    for (let i = 0; i < 2; i++) expect(match()).toEqual(target === undefined ? undefined : wanted);
  });

  test('its targets share an origin, and answers vary', () => {
    expect(byHeader('X-Target')).toMatchObject({ sharesOrigin: true, variesBy: 'X-Target' });
    expect(byHeader('X-Target').urlOf('A', 'http://x')).toBe('http://x/');
  });

  test.each([
    '',
    'a b',
    'a:',
    'Host',
    'cookie',
    'Content-Length',
    'Transfer-Encoding',
    'Connection',
    'Via',
    'X-Real-IP',
  ])('refuses the name "%s"', (name) => {
    expect(() => byHeader(name)).toThrow(TypeError);
  });
});
