import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRequestHeads } from '../../src/forward/request-head.js';
import type { Visit } from '../../src/visit/visit.js';
import { readAnswer } from '../support/read-answers.js';
import { scanRequest } from '../support/scan-request.js';
import type { Received, ScriptedConnector } from '../support/scripted-connector.js';
import { startGateway, type TestGateway } from '../support/test-gateway.js';

let it: TestGateway;
let connector: ScriptedConnector;
beforeEach(async () => {
  it = await startGateway();
  connector = await it.connect();
});
afterEach(() => it.close());

async function receive(
  lines: string,
  start = 'GET /gw/A/x HTTP/1.1',
  host = 'Host: localhost:8080\r\n',
): Promise<Received> {
  await it.visit(`${start}\r\n${host}${lines}\r\n`);
  return connector.next();
}

describe('requests', () => {
  test('what a connector gets: the path without prefix, metadata, fields as they came, then ours', async () => {
    const request = await receive('X-B: 2\r\nx-a: 1\r\nX-B: 3\r\n', 'GET /gw/A/a%2Fb//../c;d?e=f&g HTTP/1.1');
    expect(request.line).toBe('GET /a%2Fb//../c;d?e=f&g HTTP/1.1');
    const id = request.all(':id')[0]!;
    const port = /^127\.0\.0\.1 (\d+)$/.exec(request.all(':peer')[0]!)![1]!;
    const via = request.all('via')[0]!;
    expect(via).toMatch(/^1\.1 rhttp-[0-9a-f]{12}$/);
    expect(request.lines).toEqual([
      `:peer 127.0.0.1 ${port}`,
      ':scheme http',
      ':prefix /gw/A',
      `:id ${id}`,
      'Host: localhost:8080',
      'X-B: 2',
      'x-a: 1',
      'X-B: 3',
      `Via: ${via}`,
      'Forwarded: for=127.0.0.1;proto=http',
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: localhost:8080',
      'X-Forwarded-Prefix: /gw/A',
    ]);
  });

  test('R37 HTTP/1.0 is told in Via, and passed on as our own version', async () => {
    const request = await receive('', 'GET /gw/A/ HTTP/1.0', '');
    expect(request.line).toBe('GET / HTTP/1.1');
    expect(request.all('via')[0]).toMatch(/^1\.0 rhttp-/);
    expect(request.all('host')).toEqual(['localhost']);
    expect(request.all('x-forwarded-host')).toEqual([]);
  });

  test('R37 is added behind those that are there', async () => {
    const request = await receive('Via: 1.1 other\r\n');
    expect(request.all('via')).toEqual(['1.1 other', expect.stringMatching(/^1\.1 rhttp-/)]);
  });

  test('R16 an absolute-form target replaces Host', async () => {
    const request = await receive('X-A: 1\r\n', 'GET http://localhost:99/gw/A/x?y HTTP/1.1', 'Host: evil.example\r\n');
    expect(request.line).toBe('GET /x?y HTTP/1.1');
    expect(request.all('host')).toEqual(['localhost:99']);
    expect(request.all('x-forwarded-host')).toEqual(['localhost:99']);
  });

  test('R18 R29 unknown methods and raw octets pass', async () => {
    const request = await receive('X-Raw: \xe4\xff "q" \\\r\n', 'BREW-it /gw/A/{}|^`"<>x\\ HTTP/1.1');
    expect(request.line).toBe('BREW-it /{}|^`"<>x\\ HTTP/1.1');
    expect(request.all('x-raw')).toEqual(['\xe4\xff "q" \\']);
  });

  /** Rule; what the visitor sends; the fields of these names that must arrive. */
  const rows: [string, string, Record<string, string[]>][] = [
    [
      'R31 what Connection lists',
      'Connection: X-Hop, x-other\r\nX-Hop: 1\r\nX-OTHER: 2\r\nX-Stays: 3\r\n',
      { connection: [], 'x-hop': [], 'x-other': [], 'x-stays': ['3'] },
    ],
    [
      'R31 two Connection fields',
      'Connection: a\r\nA: 1\r\nConnection: b\r\nB: 2\r\n',
      { a: [], b: [], connection: [] },
    ],
    ['R31 named before it is listed', 'X-Hop: 1\r\nConnection: X-Hop\r\n', { 'x-hop': [] }],
    [
      'R32 hop-by-hop fields, listed or not',
      'Keep-Alive: 5\r\nProxy-Connection: x\r\nTE: gzip\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nProxy-Authorization: x\r\nProxy-Authenticate: x\r\n',
      {
        'keep-alive': [],
        'proxy-connection': [],
        te: [],
        upgrade: [],
        'http2-settings': [],
        'proxy-authorization': [],
        'proxy-authenticate': [],
      },
    ],
    [
      'R33 Connection cannot take away ours',
      'Connection: X-Forwarded-For, Via, Forwarded, X-Forwarded-Prefix\r\n',
      { 'x-forwarded-for': ['127.0.0.1'], forwarded: ['for=127.0.0.1;proto=http'], 'x-forwarded-prefix': ['/gw/A'] },
    ],
    [
      'R34 Connection cannot take away what protects',
      'Connection: Host, Cookie, Authorization, Content-Type, Content-Length, Cache-Control\r\nCookie: a=b\r\nAuthorization: Basic x\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\n',
      {
        host: ['localhost:8080'],
        cookie: ['a=b'],
        authorization: ['Basic x'],
        'content-type': ['text/plain'],
        'cache-control': ['no-store'],
      },
    ],
    ['R36 several Cookie lines stay several', 'Cookie: a=b\r\nCookie: c=d\r\n', { cookie: ['a=b', 'c=d'] }],
    [
      'R39 Forwarded and X-Forwarded-* are replaced',
      'Forwarded: for=1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 5.6.7.8\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\nX-Forwarded-Server: evil\r\n',
      {
        forwarded: ['for=127.0.0.1;proto=http'],
        'x-forwarded-for': ['127.0.0.1'],
        'x-forwarded-proto': ['http'],
        'x-forwarded-host': ['localhost:8080'],
        'x-forwarded-port': [],
        'x-forwarded-server': [],
      },
    ],
    ["R41 X-Forwarded-Prefix is the gateway's", 'X-Forwarded-Prefix: /evil\r\n', { 'x-forwarded-prefix': ['/gw/A'] }],
    [
      'R42 identity is not believed',
      'Client-Cert: x\r\nClient-Cert-Chain: x\r\nX-Real-IP: 1.2.3.4\r\n',
      { 'client-cert': [], 'client-cert-chain': [], 'x-real-ip': [] },
    ],
    [
      'R39 R42 nor under the names that CGI takes for the same',
      'X_Forwarded_For: 1.2.3.4\r\nX-Forwarded_Proto: https\r\nClient_Cert: x\r\n',
      { x_forwarded_for: [], 'x-forwarded_proto': [], client_cert: [], 'x-forwarded-for': ['127.0.0.1'] },
    ],
    [
      'R43 Max-Forwards means nothing to other methods, and is not added',
      'Max-Forwards: 0\r\n',
      { 'max-forwards': ['0'] },
    ],
    ['R46 Expect passes', 'Expect: 100-continue\r\nContent-Length: 1\r\n', { expect: ['100-continue'] }],
    [
      'R49 R54 what is between the ends',
      'If-None-Match: "x"\r\nRange: bytes=0-1\r\nEarly-Data: 1\r\nAccept-Encoding: br\r\n',
      { 'if-none-match': ['"x"'], range: ['bytes=0-1'], 'early-data': ['1'], 'accept-encoding': ['br'] },
    ],
    ['R52 TE: trailers', 'TE: Trailers\r\nConnection: TE\r\n', { te: ['Trailers'], connection: [] }],
    ['R52 TE with codings', 'TE: trailers, gzip\r\nConnection: TE\r\n', { te: [] }],
    [
      'R53 Trailer',
      'Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n',
      { trailer: ['X-Sum'], 'transfer-encoding': [] },
    ],
    ['R71 Upgrade without Connection', 'Upgrade: websocket\r\n', { upgrade: [] }],
    [
      'R71 Upgrade that is asked for',
      'Upgrade: websocket\r\nConnection: Upgrade, X-Hop\r\nX-Hop: 1\r\nSec-WebSocket-Key: k\r\n',
      { upgrade: ['websocket'], connection: [], 'x-hop': [], 'sec-websocket-key': ['k'] },
    ],
    ['R78 Origin', 'Origin: https://evil.example\r\n', { origin: ['https://evil.example'] }],
  ];
  test.each(rows)('%s', async (_, lines, wanted) => {
    const request = await receive(lines);
    for (const [name, values] of Object.entries(wanted)) expect([name, request.all(name)]).toEqual([name, values]);
  });

  test.each([
    ['1', '0'],
    ['10', '09'],
    ['1000', '0999'],
    ['007', '006'],
    ['many', 'many'],
    ['-1', '-1'],
    ['', ''],
  ])('R43 OPTIONS with Max-Forwards: "%s" goes on with "%s"', async (value, wanted) => {
    const request = await receive(`Max-Forwards: ${value}\r\nX-A: 1\r\n`, 'OPTIONS /gw/A/x HTTP/1.1');
    expect([request.all('max-forwards'), request.all('x-a')]).toEqual([[wanted], ['1']]);
  });

  test('R43 Max-Forwards is never added', async () => {
    expect((await receive('', 'OPTIONS /gw/A/x HTTP/1.1')).all('max-forwards')).toEqual([]);
  });

  test('R38 a request that came through this gateway before: 508, and nothing is forwarded', async () => {
    const via = (await receive('')).all('via')[0]!;
    const visitor = await it.get(`Via: 1.1 a, ${via}\r\n`);
    const answer = readAnswer(await visitor.until('requestId'));
    expect(answer.status).toBe(508);
    expect(answer.field('proxy-status')).toBe('rhttp; error=proxy_loop_detected; details="loop"');
    const hidden = await it.get(`Connection: Via\r\nVia: ${via}\r\n`);
    expect(readAnswer(await hidden.until('requestId')).status).toBe(508);
    expect(connector.requests).toHaveLength(1);
  });

  test('a session of several targets is told which; others are not', async () => {
    const targets = [
      { target: 'B', replica: 'r' },
      { target: 'C', replica: 'r' },
    ];
    const both = await it.connect({ targets });
    await it.get('', '/gw/b/');
    expect((await both.next()).all(':target')).toEqual(['b']);
    expect((await receive('')).all(':target')).toEqual([]);
  });

  test('the prefix is as the visitor wrote it', async () => {
    const request = await receive('', 'GET /gw/a/x HTTP/1.1');
    expect(request.all(':prefix')).toEqual(['/gw/a']);
    expect(request.all('x-forwarded-prefix')).toEqual(['/gw/a']);
  });

  test('a host route leaves the path alone', async () => {
    const request = await receive('', 'GET /gw/B/x?y HTTP/1.1', 'Host: a.localhost\r\n');
    expect(request.line).toBe('GET /gw/B/x?y HTTP/1.1');
    expect(request.all(':prefix')).toEqual([]);
    expect(request.all('x-forwarded-prefix')).toEqual([]);
  });
});

test('R40 an IPv6 address is bracketed and quoted in Forwarded', () => {
  const heads = createRequestHeads('rhttp-x', 'gw.example');
  const head = scanRequest('GET /gw/A/ HTTP/1.1\r\nHost: x');
  const peer = { address: '2001:db8::1', port: 5, secure: true };
  const visit = { head, peer, id: 'i' } as unknown as Visit;
  const match = { target: 'A', prefix: '/gw/A', bare: false };
  const bytes = Buffer.alloc(heads.mostBytes(visit, match));
  const lines = bytes.toString('latin1', 0, heads.write(visit, match, false, bytes, 0)).split('\r\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      ':peer 2001:db8::1 5',
      ':scheme https',
      'Forwarded: for="[2001:db8::1]";proto=https',
      'X-Forwarded-For: 2001:db8::1',
      'X-Forwarded-Proto: https',
    ]),
  );
});

describe('answers', () => {
  const rows: [string, string, string[], string[]][] = [
    [
      'R32 hop-by-hop fields',
      'Proxy-Connection: x\r\nTE: x\r\nProxy-Authenticate: x\r\nX-A: 1',
      ['X-A: 1'],
      ['proxy-connection', 'te', 'proxy-authenticate'],
    ],
    [
      'R35 R36 order, case and doubles',
      'x-b: 2\r\nSet-Cookie: a=b\r\nX-A: 1\r\nSet-Cookie: c=d',
      ['x-b: 2', 'Set-Cookie: a=b', 'X-A: 1', 'Set-Cookie: c=d'],
      [],
    ],
    [
      'R49 R50 what is between the ends',
      'ETag: W/"x"\r\nContent-Encoding: br\r\nWWW-Authenticate: Basic\r\nAllow: GET\r\nServer: mine',
      ['ETag: W/"x"', 'Content-Encoding: br', 'WWW-Authenticate: Basic', 'Allow: GET', 'Server: mine'],
      ['age'],
    ],
    ['R51 a Date that is there', 'Date: Tue, 15 Nov 1994 08:12:31 GMT', ['Date: Tue, 15 Nov 1994 08:12:31 GMT'], []],
    ['R70 Alt-Svc', 'Alt-Svc: h3=":443"', [], ['alt-svc']],
    ['R29 raw octets', 'X-Raw: \xe4\xff', ['X-Raw: \xe4\xff'], []],
  ];
  test.each(rows)('%s', async (_, lines, wanted, gone) => {
    const visitor = await it.get();
    (await connector.next()).answer(`200 OK\r\nContent-Length: LENGTH\r\n${lines}`, 'body');
    const answer = readAnswer(await visitor.until('body'));
    expect(answer.lines).toEqual(expect.arrayContaining(wanted));
    for (const name of gone) expect(answer.field(name)).toBeUndefined();
    expect(answer.lines.filter((line) => /^date:/i.test(line))).toHaveLength(1);
  });

  test('reason phrases pass, an HTTP/1.0 answer becomes 1.1', async () => {
    const visitor = await it.get();
    (await connector.next()).exchange.sendHead(
      Buffer.from('HTTP/1.0 299 Fine, really\r\nContent-Length: 0\r\n\r\n'),
      true,
    );
    expect(await visitor.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 299 Fine, really\r\n/);
  });
});
