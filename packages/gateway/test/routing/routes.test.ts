import { describe, expect, test } from 'vitest';
import { byHost } from '../../src/routing/by-host.js';
import { byPath } from '../../src/routing/by-path.js';
import type { RouteMatch } from '../../src/routing/route.js';
import { createServedHosts } from '../../src/routing/served-hosts.js';
import { toTarget } from '../../src/routing/to-target.js';
import { scanRequest } from '../support/scan-request.js';

const id63 = `a${'b'.repeat(61)}c`;
const match = (target: string, prefix: string, bare = false): RouteMatch => ({
  target,
  prefix,
  bare,
  sharesOrigin: true,
});
const alone = (target: string): RouteMatch => ({ target, prefix: '', bare: false });

describe('byPath', () => {
  const rows: [string, string, RouteMatch | undefined][] = [
    ['/gw', '/gw/A/', match('A', '/gw/A')],
    ['/gw', '/gw/A/x?y', match('A', '/gw/A')],
    ['/gw', '/gw/A', match('A', '/gw/A', true)],
    ['/gw', '/gw/A?x=/y', match('A', '/gw/A', true)],
    ['/gw', '/gw/a/', match('a', '/gw/a')],
    ['/gw', '/gw/A.b_c-d/', match('A.b_c-d', '/gw/A.b_c-d')],
    ['/gw', `/gw/${id63}/`, match(id63, `/gw/${id63}`)],
    ['/gw', `/gw/${id63}d/`, undefined],
    ['/gw', `/gw/${'a'.repeat(5000)}/`, undefined],
    ['/gw', '/gw', undefined],
    ['/gw', '/gw/', undefined],
    ['/gw', '/gw?A', undefined],
    ['/gw', '/gwA/', undefined],
    ['/gw', '/GW/A/', undefined],
    ['/gw', '/', undefined],
    ['/gw', '/x/gw/A/', undefined],
    // R88: no spelling of a path reaches another target.
    ['/gw', '//gw/A/', undefined],
    ['/gw', '/gw//A/', undefined],
    ['/gw', '/gw/A/../B/', match('A', '/gw/A')],
    ['/gw', '/gw/A/%2e%2e/B/', match('A', '/gw/A')],
    ['/gw', '/gw/A//B/', match('A', '/gw/A')],
    ['/gw', '/gw/A\\B/', undefined],
    ['/gw', '/gw/../A/', undefined],
    ['/gw', '/gw/./A/', undefined],
    ['/gw', '/gw/.A/', undefined],
    ['/gw', '/gw/A./', undefined],
    ['/gw', '/gw/%41/', undefined],
    ['/gw', '/gw/A%2FB/', undefined],
    ['/gw', '/%67w/A/', undefined],
    ['/gw', '/gw%2FA/', undefined],
    ['/gw', '/gw/A;x/', undefined],
    ['/gw', '/gw/-A/', undefined],
    ['/gw', 'http://x/gw/A/y', match('A', '/gw/A')],
    ['/gw', 'http://x', undefined],
    ['/a/b', '/a/b/C/d', match('C', '/a/b/C')],
    ['/a/b', '/a/C/', undefined],
    ['/', '/A/x', match('A', '/A')],
    ['/', '/A', match('A', '/A', true)],
    ['/', '/', undefined],
    ['/', '//A/', undefined],
  ];
  test('whether targets share an origin', () => {
    const routes = [byPath('/gw'), byHost('*.localhost'), byHost({ 'a.example': 'A' }), toTarget('A')];
    expect(routes.map(({ sharesOrigin }) => sharesOrigin)).toEqual([true, false, false, false]);
  });

  test.each(rows)('%s of %s', (prefix, target, wanted) => {
    const route = byPath(prefix);
    const head = scanRequest(`GET ${target} HTTP/1.1\r\nHost: x`);
    expect(route.match(head)).toEqual(wanted);
    expect(route.match(scanRequest('GET /gw/Other/ HTTP/1.1\r\nHost: x'))).not.toEqual(wanted ?? 'anything');
    expect(route.match(head)).toEqual(wanted); // What was found last does not matter.
  });

  test('keepPrefix leaves the path alone, the redirect included', () => {
    const route = byPath('/gw', { keepPrefix: true });
    const find = (path: string): RouteMatch | undefined => route.match(scanRequest(`GET ${path} HTTP/1.1\r\nHost: x`));
    expect(find('/gw/A/x')).toEqual(match('A', ''));
    expect(find('/gw/A/x')).toEqual(match('A', ''));
    expect(find('/gw/A')).toEqual(match('A', '', true));
    expect(find('/gx/A/')).toBeUndefined();
    expect(route.urlOf('A', 'http://x')).toBe('http://x/gw/A/');
  });

  test('finds one target again, and tells a longer or shorter one apart', () => {
    const route = byPath('/gw');
    const find = (path: string): string | undefined =>
      route.match(scanRequest(`GET ${path} HTTP/1.1\r\nHost: x`))?.target;
    expect(['/gw/AB/', '/gw/A/', '/gw/AB/', '/gw/ABC/', '/gw/ab/', '/gw/AB'].map(find)).toEqual([
      'AB',
      'A',
      'AB',
      'ABC',
      'ab',
      'AB',
    ]);
  });

  test('public URLs end in /', () => {
    expect(byPath('/gw').urlOf('A', 'http://localhost:8080')).toBe('http://localhost:8080/gw/A/');
    expect(byPath('/').urlOf('A', 'https://x')).toBe('https://x/A/');
  });

  test.each(['gw', '/gw/', '', '/g w', '/gw?', '//', '/gw//x', '/%67w', '/gw\r\n'])(
    'refuses the prefix "%s"',
    (prefix) => {
      expect(() => byPath(prefix)).toThrow(TypeError);
    },
  );
});

describe('byHost', () => {
  const rows: [string, string | undefined][] = [
    ['a.gw.example.com', 'a'],
    ['A.GW.Example.COM', 'a'],
    ['a.gw.example.com:8080', 'a'],
    ['line-4-camera-7.gw.example.com', 'line-4-camera-7'],
    ['gw.example.com', undefined],
    ['.gw.example.com', undefined],
    ['a.b.gw.example.com', undefined],
    ['a_b.gw.example.com', undefined],
    ['-a.gw.example.com', undefined],
    ['a.gw.example.com.', undefined],
    ['a.gw.example.com.evil', undefined],
    ['agw.example.com', undefined],
    ['%61.gw.example.com', undefined],
    [`${id63}.gw.example.com`, id63],
    [`${id63}d.gw.example.com`, undefined],
    ['[::1]:80', undefined],
    ['127.0.0.1', undefined],
  ];
  test.each(rows)('%s is %s', (host, target) => {
    const route = byHost('*.gw.example.com');
    const wanted = target === undefined ? undefined : alone(target);
    expect(route.match(scanRequest(`GET /x HTTP/1.1\r\nHost: ${host}`))).toEqual(wanted);
    expect(route.match(scanRequest(`GET http://${host}/x HTTP/1.1\r\nHost: b.gw.example.com`))).toEqual(wanted);
  });

  test('a map of full names', () => {
    const route = byHost({ 'Camera.example.com': 'camera-7', '[::1]': 'six' });
    const find = (host: string): string | undefined =>
      route.match(scanRequest(`GET / HTTP/1.1\r\nHost: ${host}`))?.target;
    expect(['camera.EXAMPLE.com', 'camera.example.com:99', 'x.camera.example.com', '[::1]:8080'].map(find)).toEqual([
      'camera-7',
      'camera-7',
      undefined,
      'six',
    ]);
    expect(route.urlOf('Camera-7', 'https://gw:8443')).toBe('https://camera.example.com:8443/');
    expect(route.urlOf('other', 'https://gw')).toBeUndefined();
    expect(route.servesHost('camera.example.com')).toBe(true);
  });

  test('a request without a host is not for it', () => {
    expect(byHost('*.localhost').match(scanRequest('GET / HTTP/1.0'))).toBeUndefined();
  });

  test('reaches only targets that are one label', () => {
    const route = byHost('*.localhost');
    expect(route.urlOf('Camera-7', 'http://localhost:8080')).toBe('http://camera-7.localhost:8080/');
    expect(route.urlOf('a.b', 'http://localhost:8080')).toBeUndefined();
    expect(route.urlOf('a_b', 'http://localhost:8080')).toBeUndefined();
  });

  test.each(['gw.example.com', '*', '*.', '*.a b', '*.a/', 'x.*.y'])('refuses the pattern "%s"', (pattern) => {
    expect(() => byHost(pattern)).toThrow(TypeError);
  });
  test('refuses what is no target id', () => {
    expect(() => byHost({ 'a.example': '-' })).toThrow(TypeError);
  });
});

describe('toTarget', () => {
  test('is for everything, and changes nothing', () => {
    const route = toTarget('A');
    expect(route.match(scanRequest('GET /gw/B/ HTTP/1.1\r\nHost: b.localhost'))).toEqual(alone('A'));
    expect(route.urlOf('a', 'http://x:1')).toBe('http://x:1/');
    expect(route.urlOf('B', 'http://x:1')).toBeUndefined();
    expect(() => toTarget('a b')).toThrow(TypeError);
  });
});

describe('R84 served hosts', () => {
  const routes = [byHost('*.gw.example.com'), byPath('/gw')];
  const serves = (hosts: readonly string[] | undefined, host: string): boolean =>
    createServedHosts(hosts, 'https://Public.example:8443/', routes).serves(
      scanRequest(`GET / HTTP/1.1\r\nHost: ${host}`),
    );
  const rows: [string, boolean, boolean][] = [
    ['localhost', true, false],
    ['localhost:8080', true, false],
    ['a.localhost', true, false],
    ['127.0.0.1:1', true, false],
    ['127.1.2.3', true, false],
    ['[::1]:8080', true, false],
    ['public.example', true, true],
    ['PUBLIC.example:99', true, true],
    ['a.gw.example.com', true, true],
    ['listed.example', false, true],
    ['[2001:db8::1]:80', false, true],
    ['evil.example', false, false],
    ['localhost.evil.example', false, false],
    ['127.0.0.1.evil.example', false, false],
    ['evil-localhost', false, false],
    ['10.0.0.1', false, false],
    ['a.b.gw.example.com', false, false],
  ];
  test.each(rows)('%s: by default %s, with a list %s', (host, byDefault, listed) => {
    expect(serves(undefined, host)).toBe(byDefault);
    expect(serves(['Listed.example', '2001:db8::1'], host)).toBe(listed);
  });

  test('the authority of the target counts, not Host', () => {
    const served = createServedHosts(undefined, undefined, []);
    expect(served.serves(scanRequest('GET http://evil.example/ HTTP/1.1\r\nHost: localhost'))).toBe(false);
    expect(served.serves(scanRequest('GET http://localhost/ HTTP/1.1\r\nHost: evil.example'))).toBe(true);
    expect(served.serves(scanRequest('GET / HTTP/1.0'))).toBe(true);
  });
});
