import { afterEach, describe, expect, test } from 'vitest';
import type { AccessLogEntry } from '../../src/index.js';
import type { Received } from '../support/scripted-connector.js';
import { startGateway, type TestGateway } from '../support/test-gateway.js';

let it: TestGateway;
afterEach(() => it.close());

const logged: AccessLogEntry[] = [];

/** What a connector gets of a request that a proxy on this machine passes on. */
async function receive(
  lines: string,
  trustedProxies = ['127.0.0.0/8', '10.0.0.0/8', '2001:db8::/32'],
): Promise<Received> {
  logged.length = 0;
  it = await startGateway({ trustedProxies, accessLog: (entry) => void logged.push(entry) });
  const connector = await it.connect();
  const visitor = await it.get(lines);
  const request = await connector.next();
  request.answer('204 No Content');
  await visitor.until('HTTP/1.1 204');
  return request;
}

describe('R39 a proxy that is trusted', () => {
  const rows: [string, string, string][] = [
    ['says who the visitor is', '203.0.113.7', '203.0.113.7 0'],
    ['is believed about itself, not about what a visitor wrote', '1.2.3.4, 203.0.113.7', '203.0.113.7 0'],
    ['may have others before it', '1.2.3.4, 203.0.113.7, 10.0.0.1,10.0.0.2', '203.0.113.7 0'],
    ['in several lines', '203.0.113.7\r\nX-Forwarded-For: 10.0.0.1', '203.0.113.7 0'],
    ['may be the visitor', '10.0.0.3, 10.0.0.1', '10.0.0.3 0'],
    ['may tell the port', '203.0.113.7:1234', '203.0.113.7 0'],
    ['may speak IPv6', '2001:db9::7, 2001:db8::1', '2001:db9::7 0'],
    ['in brackets, with a port', '[2001:db9::7]:1234', '2001:db9::7 0'],
    ['on a dual-stack socket', '203.0.113.7, ::ffff:10.0.0.1', '203.0.113.7 0'],
    ['and what is no address ends the list', '203.0.113.7, unknown, 10.0.0.1', '10.0.0.1 0'],
  ];
  test.each(rows)('%s', async (_, list, wanted) => {
    const request = await receive(`X-Forwarded-For: ${list}\r\nX-Forwarded-Proto: https\r\n`);
    expect(request.all(':peer')).toEqual([wanted]);
    expect(request.all(':scheme')).toEqual(['https']);
    expect(logged.map(({ peer }) => peer)).toEqual([wanted.split(' ')[0]]);
  });

  test('is added to', async () => {
    const request = await receive(
      'Forwarded: for=203.0.113.7;proto=https\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: gw.example\r\nX-Forwarded-Port: 443\r\n',
    );
    expect(request.all('forwarded')).toEqual(['for=203.0.113.7;proto=https', 'for=127.0.0.1;proto=http']);
    expect(request.all('x-forwarded-for')).toEqual(['203.0.113.7', '127.0.0.1']);
    expect(request.all('x-forwarded-proto')).toEqual(['https']);
    expect(request.all('x-forwarded-host')).toEqual(['gw.example']);
    expect(request.all('x-forwarded-port')).toEqual(['443']);
  });

  test('may leave things to be said', async () => {
    const request = await receive('');
    expect(request.all(':peer')[0]).toMatch(/^127\.0\.0\.1 [1-9]\d*$/);
    expect(request.all('x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(request.all('x-forwarded-proto')).toEqual(['http']);
    expect(request.all('x-forwarded-host')).toEqual(['localhost']);
  });

  test('R41 R42 is not believed in everything, nor under other spellings', async () => {
    const request = await receive(
      'X_Forwarded_For: 1.2.3.4\r\nX_Forwarded-Proto: https\r\nX-Real-IP: 1.2.3.4\r\nX-Forwarded-Prefix: /evil\r\nX-Forwarded-Server: x\r\nClient-Cert: x\r\n',
    );
    expect(request.all(':peer')[0]).toMatch(/^127\.0\.0\.1 /);
    expect(request.all(':scheme')).toEqual(['http']);
    expect(request.all('x-forwarded-prefix')).toEqual(['/gw/A']);
    for (const name of ['x_forwarded_for', 'x_forwarded-proto', 'x-real-ip', 'x-forwarded-server', 'client-cert'])
      expect([name, request.all(name)]).toEqual([name, []]);
  });
});

test.each([[['10.0.0.0/8']], [[]]])('R39 from anybody else, nothing is believed: %s', async (trusted) => {
  const request = await receive('X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n', trusted);
  expect(request.all(':peer')[0]).toMatch(/^127\.0\.0\.1 [1-9]\d*$/);
  expect(request.all(':scheme')).toEqual(['http']);
  expect(request.all('x-forwarded-for')).toEqual(['127.0.0.1']);
  expect(request.all('x-forwarded-proto')).toEqual(['http']);
});
