import { expect, test } from 'vitest';
import { createAllowedHosts } from '../../src/admin/allowed-hosts.js';

const isAllowed = createAllowedHosts(['Admin.example.com', '::2', '127.0.0.1']);

test.each([
  'localhost',
  'localhost:8081',
  'LOCALHOST',
  'a.localhost:1',
  '127.0.0.1:8081',
  '127.9.9.9',
  '[::1]:8081',
  '[0:0:0:0:0:0:0:1]',
  'admin.example.com',
  'admin.example.com:443',
  '[::2]',
  '192.0.2.1:8081',
  undefined,
])('%s is served', (host) => {
  expect(isAllowed(host, '192.0.2.1')).toBe(true);
  expect(isAllowed(host, '::ffff:192.0.2.1')).toBe(true);
});

test.each([
  'evil.example',
  'evil.example:8081',
  'localhost.evil.example',
  'evil@localhost',
  'localhost/',
  'localhost:',
  'localhost:123456',
  '192.0.2.2',
  '[::3]',
  '[x]',
  '',
  'a b',
  'localhost, evil.example',
])('%s is not', (host) => {
  expect(isAllowed(host, '192.0.2.1')).toBe(false);
});
