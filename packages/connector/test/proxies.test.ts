import { expect, test } from 'vitest';
import { proxiesFor } from '../src/node/proxy/proxies.js';

const at = 'http://proxy.example.com:3128';

function chosen(gateway: string, env: NodeJS.ProcessEnv, option?: unknown): string | undefined {
  return proxiesFor([gateway], option, env).get(new URL(gateway).origin)?.name;
}

test.each([
  ['https://gw.example.com/', { HTTPS_PROXY: at }, at],
  ['https://gw.example.com/', { https_proxy: at, HTTPS_PROXY: 'http://other' }, at],
  ['https://gw.example.com/', { HTTP_PROXY: at }, undefined],
  ['https://gw.example.com/', { HTTPS_PROXY: '' }, undefined],
  ['https://gw.example.com/', { HTTPS_PROXY: 'proxy.example.com:3128' }, at],
  ['https://gw.example.com/', { HTTPS_PROXY: 'http://name:secret@proxy.example.com:3128/' }, at],
  ['https://gw.example.com/', { HTTPS_PROXY: 'https://proxy.example.com' }, 'https://proxy.example.com'],
  ['http://gw.example.com/', { HTTP_PROXY: at, HTTPS_PROXY: 'http://other' }, at],
  ['http://gw.example.com/', { http_proxy: at }, at],
  // What a visitor of a CGI program says.
  ['http://gw.example.com/', { HTTP_PROXY: at, REQUEST_METHOD: 'GET' }, undefined],
  ['http://gw.example.com/', { http_proxy: at, REQUEST_METHOD: 'GET' }, at],
  ['http://localhost:8080/', { HTTP_PROXY: at }, undefined],
  ['http://a.localhost:8080/', { HTTP_PROXY: at }, undefined],
  ['http://127.0.0.2:8080/', { HTTP_PROXY: at }, undefined],
  ['http://[::1]:8080/', { HTTP_PROXY: at }, undefined],
] as const)('the environment: %s with %o goes through %s', (gateway, env, proxy) => {
  expect(chosen(gateway, env)).toBe(proxy);
});

test.each([
  ['*', 'https://gw.example.com', true],
  ['gw.example.com', 'https://gw.example.com', true],
  ['GW.Example.com', 'https://gw.example.com', true],
  ['gw.example.com.', 'https://gw.example.com', false],
  ['example.com', 'https://gw.example.com', true],
  ['.example.com', 'https://gw.example.com', true],
  ['*.example.com', 'https://gw.example.com', true],
  ['ample.com', 'https://gw.example.com', false],
  ['gw.example.com.org', 'https://gw.example.com', false],
  ['localhost, 10.0.0.0/8,,gw.example.com', 'https://gw.example.com', true],
  ['localhost 10.0.0.0/8 gw.example.com', 'https://gw.example.com', true],
  ['gw.example.com:443', 'https://gw.example.com', true],
  ['gw.example.com:8443', 'https://gw.example.com', false],
  ['gw.example.com:8443', 'https://gw.example.com:8443', true],
  ['10.0.0.7', 'https://10.0.0.7', true],
  ['10.0.0.0/8', 'https://10.0.0.7', true],
  ['10.0.0.0/8', 'https://11.0.0.7', false],
  ['0.0.0.7', 'https://10.0.0.7', false],
  ['10.0.0.0/99', 'https://10.0.0.7', false],
  ['fd00::/8', 'https://[fd00::7]', true],
  ['10.0.0.0/8', 'https://[fd00::7]', false],
  ['fd00::7', 'https://[fd00::7]', true],
  ['[fd00::7]:443', 'https://[fd00::7]', true],
  ['[fd00::7]:444', 'https://[fd00::7]', false],
  ['.', 'https://gw.example.com', false],
  ['/8', 'https://10.0.0.7', false],
] as const)('NO_PROXY=%s exempts %s: %s', (list, gateway, isExempt) => {
  expect(chosen(gateway, { HTTPS_PROXY: at, NO_PROXY: list })).toBe(isExempt ? undefined : at);
  expect(chosen(gateway, { HTTPS_PROXY: at, no_proxy: list, NO_PROXY: 'other' })).toBe(isExempt ? undefined : at);
});

test('an option wins over the environment, whatever it exempts', () => {
  const env = { HTTPS_PROXY: 'http://other', HTTP_PROXY: 'http://other', NO_PROXY: '*' };
  expect(chosen('https://gw.example.com', env, at)).toBe(at);
  expect(chosen('http://localhost:8080', env, new URL(at))).toBe(at);
  expect(chosen('https://gw.example.com', { HTTPS_PROXY: at }, false)).toBeUndefined();
});

test('names and passwords are percent-encoded, and reach nobody but the proxy', () => {
  const { authorization, name } = proxiesFor(['https://gw'], 'http://me%40home:p%3A%C3%A4@proxy:3128', {}).get(
    'https://gw',
  )!;
  expect(Buffer.from(authorization!.replace('Basic ', ''), 'base64').toString()).toBe('me@home:p:ä');
  expect(name).toBe('http://proxy:3128');
});

test.each([
  'socks5://me:s3cret@proxy:1080',
  'http://me:s3cret%zz@proxy',
  'http://me%3As3cret:s3cret@proxy',
  'http://me:s3cret@',
  'me:s3cret@proxy:99999',
  'http://me:s3cret@pro xy',
])('%s is refused without being repeated', (text) => {
  for (const [option, env, source] of [
    [text, {}, 'proxy'],
    [undefined, { HTTPS_PROXY: text }, 'HTTPS_PROXY'],
    [undefined, { https_proxy: text }, 'https_proxy'],
  ] as const) {
    let message = '';
    try {
      proxiesFor(['https://gw.example.com'], option, env);
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain(`${source}: `);
    expect(message).not.toContain('s3cret');
  }
});
