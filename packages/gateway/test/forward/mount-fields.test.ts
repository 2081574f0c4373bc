import { afterEach, describe, expect, test } from 'vitest';
import { mountCookie } from '../../src/forward/mount-cookie.js';
import { mountReference } from '../../src/forward/mount-reference.js';
import {
  byCookie,
  byFunction,
  byHost,
  byPath,
  type GatewayOptions,
  type ListenerOptions,
  toTarget,
} from '../../src/index.js';
import { readAnswer } from '../support/read-answers.js';
import { startGateway, type TestGateway } from '../support/test-gateway.js';

let it: TestGateway;
afterEach(() => it?.close());

const place = { prefix: '/gw/A', authority: 'gw.example:8080', secure: false, bare: false };

describe('R89 a reference', () => {
  const rows: [string, string][] = [
    ['/', '/gw/A/'],
    ['/login?to=/x#y', '/gw/A/login?to=/x#y'],
    ['/gw/B/', '/gw/A/gw/B/'],
    ['/gw/AB', '/gw/A/gw/AB'],
    ['/gw/a/x', '/gw/A/gw/a/x'],
    ['/\\other/', '/gw/A/\\other/'],
    ['/%2e%2e/B', '/gw/A/%2e%2e/B'],
    ['http://gw.example:8080/x', 'http://gw.example:8080/gw/A/x'],
    ['HTTPS://GW.example:8080/x', 'HTTPS://GW.example:8080/gw/A/x'],
    ['http://gw.example:8080', 'http://gw.example:8080/gw/A/'],
    ['http://gw.example:8080?x', 'http://gw.example:8080/gw/A/?x'],
    ['//gw.example:8080/x', '//gw.example:8080/gw/A/x'],
  ];
  test.each(rows)('%s gains the prefix', (reference, wanted) => {
    expect(mountReference(reference, place)).toBe(wanted);
  });

  test.each(['', 'x', './x', '../x', '?x', '#x', 'mailto:a@b', 'x:/y', 'http:/x'])('%s is relative: it stays', (it) => {
    expect(mountReference(it, place)).toBe(it);
  });

  test.each([
    'http://gw.example/x',
    'http://other:8080/x',
    '//other/x',
    'http://gw.example:8080@other/',
    'http://gw.example:8080.other/',
    'ftp://gw.example:8080/x',
  ])('%s is foreign: it stays', (it) => {
    expect(mountReference(it, place)).toBe(it);
  });

  test.each(['/gw/A', '/gw/A/x', '/gw/A?x', 'http://gw.example:8080/gw/A/x'])('%s has it already', (it) => {
    expect(mountReference(it, place)).toBe(it);
  });

  const bare: [string, string][] = [
    ['login?to=x', '/gw/A/login?to=x'],
    ['./login', '/gw/A/login'],
    ['../../B/', '/gw/A/B/'],
    ['..', '/gw/A/'],
    ['.?x', '/gw/A/?x'],
    ['.well-known/x', '/gw/A/.well-known/x'],
    ['/login', '/gw/A/login'],
    ['', ''],
    ['?x', '?x'],
    ['mailto:a@b', 'mailto:a@b'],
    ['http://other/x', 'http://other/x'],
  ];
  test.each(bare)('%s of a request for the prefix itself', (reference, wanted) => {
    expect(mountReference(reference, { ...place, bare: true })).toBe(wanted);
  });

  test('the port that a scheme implies may be there or not', () => {
    const at = (authority: string, secure: boolean) => ({ prefix: '/p', authority, secure, bare: false });
    expect(mountReference('https://h/x', at('h', false))).toBe('https://h/p/x');
    expect(mountReference('https://h:443/x', at('h', false))).toBe('https://h:443/p/x');
    expect(mountReference('http://h/x', at('h:80', false))).toBe('http://h/p/x');
    expect(mountReference('//h:443/x', at('h', true))).toBe('//h:443/p/x');
    expect(mountReference('//h:443/x', at('h', false))).toBe('//h:443/x');
    expect(mountReference('http:///x', at('', false))).toBe('http:///x');
  });
});

describe('R90 a cookie', () => {
  const rows: [string, string][] = [
    ['a=b; Path=/x; HttpOnly', 'a=b; Path=/gw/A/x; HttpOnly'],
    ['a=b; Path=/', 'a=b; Path=/gw/A'],
    ['a=b;path = /x/;Secure', 'a=b; Path=/gw/A/x/;Secure'],
    ['a=b; Path=/gw/B', 'a=b; Path=/gw/A/gw/B'],
    ['a=b; Path=/../B', 'a=b; Path=/gw/A/../B'],
    ['a=b; Path=/x; Path=/y', 'a=b; Path=/gw/A/x; Path=/gw/A/y'],
    ['a=b; Domain=example.com; Max-Age=5', 'a=b; Max-Age=5'],
    ['a=b; DOMAIN =.example.com', 'a=b'],
    ['a=b; domain', 'a=b'],
    ['__Secure-a=b; Path=/; Secure', '__Secure-a=b; Path=/gw/A; Secure'],
    ['path=/; Path=/', 'path=/; Path=/gw/A'],
  ];
  test.each(rows)('%s', (value, wanted) => {
    expect(mountCookie(value, '/gw/A', false)).toBe(wanted);
  });

  test.each([
    'a=b',
    'a="/x"; SameSite=Lax; Partitioned',
    'a=b; Path=/gw/A/x',
    'a=b; Path=/gw/A',
    '__Host-a=b; Path=/; Secure',
    ' __hOSt-a=b; Path=/; Secure',
  ])('%s stays', (value) => {
    expect(mountCookie(value, '/gw/A', false)).toBe(value);
  });

  test('without a path, where browsers would take the folder above: the prefix', () => {
    expect(mountCookie('a=b', '/gw/A', true)).toBe('a=b; Path=/gw/A');
    expect(mountCookie('a=b; Path=/x; Path', '/gw/A', true)).toBe('a=b; Path=/gw/A/x; Path=; Path=/gw/A');
    expect(mountCookie('a=b; Path=/x', '/gw/A', true)).toBe('a=b; Path=/gw/A/x');
  });
});

const places =
  'Location: /x\r\nX-A: 1\r\ncontent-location: http://localhost/y\r\nRefresh: 5; URL=/z\r\nSet-Cookie: a=1; Path=/; Domain=localhost\r\n' +
  'Link: </a,>; rel="</b>", <c>; title="\\"</d>", <//localhost/e>,<https://other/f>\r\nSet-Cookie: a=2\r\n';
const mounted = [
  'X-A: 1',
  'Location: /gw/A/x',
  'content-location: http://localhost/gw/A/y',
  'Refresh: 5; URL=/gw/A/z',
  'Set-Cookie: a=1; Path=/gw/A',
  'Link: </gw/A/a,>; rel="</b>", <c>; title="\\"</d>", <//localhost/gw/A/e>,<https://other/f>',
  'Set-Cookie: a=2',
];
const originWide =
  'Alt-Svc: h3=":443"\r\nStrict-Transport-Security: max-age=1\r\nService-Worker-Allowed: /\r\nClear-Site-Data: "*"\r\n';
const originWideNames = ['alt-svc', 'strict-transport-security', 'service-worker-allowed', 'clear-site-data'];

/** What a visitor gets of an answer, without what is about the connection. */
async function answered(
  fields: string,
  request = 'GET /gw/A/ HTTP/1.1\r\nHost: localhost\r\n',
  listener: ListenerOptions = { port: 0 },
  more: GatewayOptions = {},
): Promise<string[]> {
  it = await startGateway({ listeners: [listener], ...more });
  const connector = await it.connect();
  const visitor = await it.visit(`${request}\r\n`);
  (await connector.next()).answer(`200 OK\r\nDate: now\r\n${fields}Content-Length: 4`, 'body');
  const { lines } = readAnswer(await visitor.until('body'));
  return lines.filter((line) => !/^(?:date|content-length|connection|keep-alive|vary):/i.test(line));
}

const linesOf = (head: string): string[] => head.trimEnd().split('\r\n').slice(1);
const namesOf = (lines: readonly string[]): string[] => lines.map((line) => line.split(':')[0]!.toLowerCase());

describe('an answer', () => {
  test('R89 R90 below a prefix', async () => {
    expect(await answered(places)).toEqual(mounted);
  });

  test('R89 R90 to a request for the prefix itself, which browsers take for a page of the folder above', async () => {
    const lines = await answered(
      'Location: login\r\nSet-Cookie: a=b\r\n',
      'POST /gw/A HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n',
    );
    expect(lines).toEqual(['Location: /gw/A/login', 'Set-Cookie: a=b; Path=/gw/A']);
  });

  const untouched: [string, string, ListenerOptions][] = [
    ['of a host route', 'GET /gw/A/ HTTP/1.1\r\nHost: a.localhost\r\n', { port: 0 }],
    [
      'of a path that is kept',
      'GET /gw/A/ HTTP/1.1\r\nHost: localhost\r\n',
      { port: 0, routes: [byPath('/gw', { keepPrefix: true })] },
    ],
    [
      'of a cookie route',
      'GET / HTTP/1.1\r\nHost: localhost\r\nCookie: t=A\r\n',
      { port: 0, routes: [byCookie('t'), byPath('/gw')] },
    ],
    [
      'of a transparent listener',
      'GET /gw/A/ HTTP/1.1\r\nHost: localhost\r\n',
      { port: 0, transparent: true, routes: [byPath('/gw')] },
    ],
  ];
  test.each(untouched)('R89 R90 stays as it is: %s', async (_, request, listener) => {
    expect((await answered(places, request, listener)).join('\r\n')).toBe(places.trimEnd());
  });

  test('R89 R90 behind a prefix that could end a reference or an attribute: it stays as it is', async () => {
    const routes = [byFunction(() => ({ target: 'A', prefix: '/a;b' })), byPath('/gw')];
    const lines = await answered(places, 'GET /a;b/ HTTP/1.1\r\nHost: localhost\r\n', { port: 0, routes });
    expect(lines.join('\r\n')).toBe(places.trimEnd());
  });

  const refreshes: [string, string][] = [
    ['0;/x', '0;/gw/A/x'],
    ['1.5 , url = "/x"', '1.5 , url = "/gw/A/x"'],
    ["0;url='http://localhost'", "0;url='http://localhost/gw/A/'"],
    ['5', '5'],
    ['0; url=x', '0; url=x'],
    ['0; url=//other/', '0; url=//other/'],
  ];
  test.each(refreshes)('R89 Refresh: %s', async (value, wanted) => {
    expect(await answered(`Refresh: ${value}\r\n`)).toEqual([`Refresh: ${wanted}`]);
  });

  test.each(['</x', '"</x>', '"\\', '</a>; x="\\'])(
    'R89 Link: what does not end is left alone, as in %s',
    async (value) => {
      expect(await answered(`Link: ${value}\r\n`)).toEqual([`Link: ${value.replace('</a>', '</gw/A/a>')}`]);
    },
  );

  test('R70 R91 what speaks for the whole origin is dropped where it is shared', async () => {
    expect(await answered(`X-A: 1\r\n${originWide}X-B: 2\r\n`)).toEqual(['X-A: 1', 'X-B: 2']);
  });

  const shared: [string, string, ListenerOptions][] = [untouched[1]!, untouched[2]!];
  test.each(shared)('R70 R91 that is so, too, %s', async (_, request, listener) => {
    expect(await answered(originWide, request, listener)).toEqual([]);
  });

  test('R70 R91 on an origin of its own a server speaks for itself, but not of where it listens', async () => {
    const lines = await answered(originWide, 'GET / HTTP/1.1\r\nHost: a.localhost\r\n', {
      port: 0,
      routes: [byHost('*.localhost')],
    });
    expect(namesOf(lines)).toEqual(originWideNames.slice(1));
  });

  test('R70 R91 a listener that is all one target is its origin', async () => {
    const lines = await answered(originWide, 'GET / HTTP/1.1\r\nHost: localhost\r\n', {
      port: 0,
      tunnel: true,
      routes: [toTarget('A')],
    });
    expect(namesOf(lines)).toEqual(originWideNames.slice(1));
  });

  test('R89 early hints gain the prefix too', async () => {
    it = await startGateway();
    const connector = await it.connect();
    const visitor = await it.get();
    const request = await connector.next();
    request.interim('103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-A: 1');
    expect(linesOf(await visitor.until('\r\n\r\n'))).toEqual(['X-A: 1', 'Link: </gw/A/a.css>; rel=preload']);
    request.answer('204 No Content');
    await visitor.until('HTTP/1.1 204');
  });

  test('R90 so do the cookies of an upgrade', async () => {
    it = await startGateway();
    const connector = await it.connect();
    const visitor = await it.get('Connection: Upgrade\r\nUpgrade: echo\r\n');
    const request = await connector.next();
    request.answer(`101 Switching Protocols\r\nUpgrade: echo\r\n${originWide}Set-Cookie: a=b; Path=/`, 'hello');
    const lines = linesOf(await visitor.until('hello'));
    expect(lines).toContain('Set-Cookie: a=b; Path=/gw/A');
    expect(originWideNames.filter((name) => namesOf(lines).includes(name))).toEqual([]);
  });
});
