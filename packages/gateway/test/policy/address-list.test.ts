import { describe, expect, test } from 'vitest';
import { createAddressList } from '../../src/policy/address-list.js';

describe('R39 a list of addresses', () => {
  const rows: [string, string[], string[]][] = [
    ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255', '::ffff:10.1.2.3', '::FFFF:10.1.2.3'], ['11.0.0.0', '::10.1.2.3']],
    ['192.0.2.1', ['192.0.2.1', '::ffff:192.0.2.1'], ['192.0.2.2', '192.0.2.0']],
    ['192.0.2.128/25', ['192.0.2.128', '192.0.2.255'], ['192.0.2.127']],
    ['192.0.2.77/24', ['192.0.2.1'], ['192.0.3.1']],
    ['0.0.0.0/0', ['1.2.3.4'], ['::1', '2001:db8::1']],
    ['2001:db8::/32', ['2001:db8::1', '2001:DB8:ffff::'], ['2001:db9::', '10.0.0.1']],
    ['::1', ['::1', '0:0:0:0:0:0:0:1'], ['::2', '127.0.0.1']],
    ['::/0', ['::1', '2001:db8::1'], ['1.2.3.4']],
    ['::ffff:10.0.0.0/104', ['10.1.2.3', '::ffff:10.1.2.3'], ['11.0.0.1']],
    ['::ffff:192.0.2.1', ['192.0.2.1'], ['192.0.2.2']],
  ];
  test.each(rows)('%s', (entry, inside, outside) => {
    const has = createAddressList(['203.0.113.9', entry]);
    expect(inside.filter((address) => !has(address))).toEqual([]);
    expect([...outside, '', 'unknown', '10.0.0'].filter((address) => has(address))).toEqual([]);
    expect(has('203.0.113.9')).toBe(true);
  });

  test.each([
    '',
    'x',
    '10.0.0.0/33',
    '10.0.0/8',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '::/129',
    '::ffff:10.0.0.0/8',
    '10.0.0.0/8 ',
    'a.example',
  ])('refuses "%s"', (entry) => {
    expect(() => createAddressList([entry])).toThrow(TypeError);
  });
});
