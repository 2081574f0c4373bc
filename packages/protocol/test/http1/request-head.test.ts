import { describe, expect, it } from 'vitest';
import {
  authorityOf,
  defaultHeadLimits,
  Field,
  fieldName,
  fieldValue,
  findField,
  Head,
  type HeadLimits,
  latin1,
  latin1Bytes,
  methodOf,
  pathOf,
  readMetadata,
  type ScanResult,
  scanRequestHead,
  valueHasToken,
} from '../../src/http1/index.js';
import { fieldsOf, scanRequest } from './scan-text.js';

/** A request whose request line and Host are good. */
const get = (...fields: string[]): string => `${['GET / HTTP/1.1', 'Host: a', ...fields].join('\r\n')}\r\n\r\n`;
const line = (requestLine: string): string => `${requestLine}\r\nHost: a\r\n\r\n`;
const host = (value: string, requestLine = 'GET / HTTP/1.1'): string => `${requestLine}\r\nHost:${value}\r\n\r\n`;

type Row = readonly [rule: string, what: string, head: string, result: ScanResult];

const rows: readonly Row[] = [
  ['R1', 'both lengths', get('Content-Length: 3', 'Transfer-Encoding: chunked'), 'bad-request'],
  ['R1', 'both, the other way round', get('Transfer-Encoding: chunked', 'Content-Length: 3'), 'bad-request'],
  ['R2', 'differing lengths', get('Content-Length: 3', 'Content-Length: 4'), 'bad-request'],
  ['R2', 'equal lengths, twice', get('Content-Length: 3', 'Content-Length: 3'), 'bad-request'],
  ['R2', 'a zero length, twice', get('Content-Length: 0', 'Content-Length: 0'), 'bad-request'],
  ...[
    '3, 3',
    '3,',
    '+3',
    '-3',
    '0x3',
    '3.0',
    '3e0',
    '',
    '3 3',
    '9007199254740992',
    '9007199254740993',
    '99999999999999999',
    '\xb2',
  ].map((value): Row => ['R2', `length "${value}"`, get(`Content-Length: ${value}`), 'bad-request']),
  ['R2', 'more digits than a length has, all zero', get(`Content-Length: ${'0'.repeat(17)}`), 'bad-request'],
  ['R2', 'the largest length', get('Content-Length: 9007199254740991'), 'complete'],
  ['R2', 'leading zeros, as the grammar allows', get('Content-Length: 003'), 'complete'],
  ...[
    'xchunked',
    'chunked, chunked',
    'chunked, gzip',
    'gzip',
    'identity',
    '',
    ',',
    ', chunked',
    'chunked,',
    'chunked;q=1',
    '"chunked"',
    'identity, chunked',
    'chunked gzip',
    'gzip chunked',
  ].map((value): Row => ['R3', `coding "${value}"`, get(`Transfer-Encoding: ${value}`), 'bad-request']),
  ['R3', 'VT before the coding', get('Transfer-Encoding: \x0bchunked'), 'bad-request'],
  ['R3', 'two codings on two lines', get('Transfer-Encoding: gzip', 'Transfer-Encoding: chunked'), 'bad-request'],
  ['R3', 'chunked twice on two lines', get('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'), 'bad-request'],
  ['R3', 'chunked, in any case', get('tRANSFER-eNCODING:\t cHuNkEd \t'), 'complete'],
  ['R4', 'gzip under chunked', get('Transfer-Encoding: gzip, chunked'), 'not-implemented'],
  ['R4', 'several codings under chunked', get('Transfer-Encoding: x-gzip ,deflate,\tchunked'), 'not-implemented'],
  ['R5', 'chunked in HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 'bad-request'],
  ['R6', 'space before the colon', get('A : b'), 'bad-request'],
  ['R6', 'tab before the colon', get('A\t: b'), 'bad-request'],
  ['R6', 'folding', get('A: b', ' c'), 'bad-request'],
  ['R6', 'folding by a tab', get('A: b', '\tc'), 'bad-request'],
  ['R6', 'a first field that begins with a space', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n', 'bad-request'],
  ['R6', 'no colon', get('A'), 'bad-request'],
  ['R6', 'no name', get(': b'), 'bad-request'],
  ['R6', 'a name that is no token', get('A(b): c'), 'bad-request'],
  ['R6', 'a name with a byte above ASCII', get('\xc4: c'), 'bad-request'],
  ['R6', 'a metadata line from outside', get(':target A'), 'bad-request'],
  ['R7', 'bare LF after the request line', 'GET / HTTP/1.1\nHost: a\r\n\r\n', 'bad-request'],
  ['R7', 'bare LF after a field', 'GET / HTTP/1.1\r\nHost: a\n\r\n', 'bad-request'],
  ['R7', 'bare LF at the end', 'GET / HTTP/1.1\r\nHost: a\r\n\n', 'bad-request'],
  ['R7', 'bare LF at the beginning', '\nGET / HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-request'],
  ['R7', 'bare CR after the request line', 'GET / HTTP/1.1\rHost: a\r\n\r\n', 'bad-request'],
  ['R7', 'bare CR in a value', get('A: b\rc'), 'bad-request'],
  ['R7', 'two CR before the LF', get('A: b\r'), 'bad-request'],
  ['R7', 'bare CR for the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\rA', 'bad-request'],
  ['R7', 'bare CR at the beginning', '\rGET / HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-request'],
  ...[0x00, 0x01, 0x08, 0x0b, 0x0c, 0x1b, 0x1f, 0x7f].flatMap((code): Row[] => {
    const byte = String.fromCharCode(code);
    return [
      ['R7', `byte ${code} in a value`, get(`A: b${byte}c`), 'bad-request'],
      ['R7', `byte ${code} in a name`, get(`A${byte}: b`), 'bad-request'],
      ['R7', `byte ${code} in the method`, line(`GE${byte}T / HTTP/1.1`), 'bad-request'],
      ['R15', `byte ${code} in the target`, line(`GET /${byte} HTTP/1.1`), 'bad-request'],
    ];
  }),
  ['R7', 'tab and bytes above ASCII in a value', get('A: b\tc \x80\xff'), 'complete'],
  ['R8', 'no Host in 1.1', 'GET / HTTP/1.1\r\n\r\n', 'bad-request'],
  ['R8', 'no Host in 1.0', 'GET / HTTP/1.0\r\n\r\n', 'complete'],
  ['R8', 'two equal Hosts', get('Host: a'), 'bad-request'],
  ['R8', 'two Hosts in 1.0', 'GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n', 'bad-request'],
  ...[
    'a',
    'A.example',
    'a:',
    'a:80',
    'a:65535',
    '127.0.0.1:8080',
    '[::1]',
    '[::1]:80',
    '[::ffff:1.2.3.4]',
    'a_b',
    'a%2Eb',
    "!$&'()*+,;=~",
  ].map((value): Row => ['R9', `Host "${value}"`, host(` ${value}`), 'complete']),
  ...[
    'u@a',
    'u:p@a',
    'a/b',
    'a?b',
    'a#b',
    'a b',
    'a\\b',
    'a:x',
    'a:65536',
    'a:-1',
    'a:80:80',
    ':80',
    'a,b c',
    '[]',
    '[::1',
    '[::1]x',
    '[a]',
    '[1.2.3.4]',
    '[::g]',
    '::1',
    'a%',
    'a%2',
    'a%zz',
    'ä',
    '<a>',
    'a"',
  ].map((value): Row => ['R9', `Host "${value}"`, host(` ${value}`), 'bad-request']),
  ['R9', 'empty Host, and the target has a path', host(''), 'bad-request'],
  ['R9', 'empty Host of white space', host(' \t'), 'bad-request'],
  ['R9', 'empty Host, and the target has an authority', host('', 'GET http://a/ HTTP/1.1'), 'bad-request'],
  ['R9', 'empty Host, and the target has no authority', host('', 'OPTIONS * HTTP/1.1'), 'complete'],
  ['R9', 'bad Host in 1.0', 'GET / HTTP/1.0\r\nHost: a/b\r\n\r\n', 'bad-request'],
  ['R10', 'HTTP/0.9', 'GET /\r\n\r\n', 'bad-request'],
  ['R10', 'HTTP/0.9 by name', line('GET / HTTP/0.9'), 'version-not-supported'],
  ['R10', 'HTTP/2.0', line('GET / HTTP/2.0'), 'version-not-supported'],
  ['R10', 'HTTP/3.1', line('GET / HTTP/3.1'), 'version-not-supported'],
  ['R10', 'the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'version-not-supported'],
  ...[
    'HTTP/1',
    'HTTP/1.',
    'HTTP/1.10',
    'HTTP/11.1',
    'http/1.1',
    'HTTP/1,1',
    'HTTP 1.1',
    'HTTPS/1.1',
    'ICY/1.1',
    'HTTP/1.1 ',
    'HTTP/ 1.1',
    'HTTP/1.x',
    'HTTP/+1.1',
    '',
  ].map((version): Row => ['R10', `version "${version}"`, line(`GET / ${version}`), 'bad-request']),
  ['R11', 'HTTP/1.2', line('GET / HTTP/1.2'), 'complete'],
  ['R11', 'HTTP/1.9', line('GET / HTTP/1.9'), 'complete'],
  ['R12', 'one empty line first', `\r\n${get()}`, 'complete'],
  ['R12', 'as many empty lines as there may be', `${'\r\n'.repeat(8)}${get()}`, 'complete'],
  ['R12', 'one empty line more', `${'\r\n'.repeat(9)}${get()}`, 'bad-request'],
  ['R13', 'two spaces after the method', line('GET  / HTTP/1.1'), 'bad-request'],
  ['R13', 'two spaces after the target', line('GET /  HTTP/1.1'), 'bad-request'],
  ['R13', 'a tab after the method', line('GET\t/ HTTP/1.1'), 'bad-request'],
  ['R13', 'a space before the method', line(' GET / HTTP/1.1'), 'bad-request'],
  ['R14', 'a fragment', line('GET /a#b HTTP/1.1'), 'bad-request'],
  ['R14', 'odd but visible bytes', line('GET /\\"<>{}|^`[]%zz HTTP/1.1'), 'complete'],
  ['R15', 'a byte above ASCII in the target', line('GET /\xe4 HTTP/1.1'), 'bad-request'],
  ['R15', 'a space in the target', line('GET /a b HTTP/1.1'), 'bad-request'],
  ['R16', 'absolute-form', line('GET http://b/c HTTP/1.1'), 'complete'],
  ['R16', 'absolute-form without path', line('GET HTTPS://b:443 HTTP/1.1'), 'complete'],
  ['R16', 'absolute-form without Host', 'GET http://b/c HTTP/1.1\r\n\r\n', 'bad-request'],
  ...[
    'ftp://b/',
    'ws://b/',
    'urn:a',
    'http:/b/',
    'http:b',
    'http://',
    'http:///b',
    'http://?a',
    'http://b?c',
    'http://u@b/',
    'http://b:x/',
    'http://b\\c/',
    'https://[::1/',
    'a',
    'a:80',
    '?a',
    '\\a',
    '%2F',
    '.',
  ].map((target): Row => ['R16', `target "${target}"`, line(`GET ${target} HTTP/1.1`), 'bad-request']),
  ['R17', 'OPTIONS *', line('OPTIONS * HTTP/1.1'), 'complete'],
  ['R17', 'GET *', line('GET * HTTP/1.1'), 'bad-request'],
  ['R17', 'options * in small letters', line('options * HTTP/1.1'), 'bad-request'],
  ['R17', 'OPTIONS **', line('OPTIONS ** HTTP/1.1'), 'bad-request'],
  ['R17', 'authority-form', line('CONNECT b:443 HTTP/1.1'), 'complete'],
  ...['/', '*', 'b', 'b:', ':443', '443', 'b:443/', 'http://b/', 'http://b:443', 'u@b:1', '[::1', 'b:65536'].map(
    (target): Row => ['R17', `CONNECT ${target}`, line(`CONNECT ${target} HTTP/1.1`), 'bad-request'],
  ),
  ...['Content-Length: 1', 'Transfer-Encoding: chunked'].map(
    (field): Row => ['R45', `CONNECT with ${field}`, line(`CONNECT b:443 HTTP/1.1\r\n${field}`), 'bad-request'],
  ),
  ['R45', 'CONNECT with no content', line('CONNECT b:443 HTTP/1.1\r\nContent-Length: 0'), 'complete'],
  ['R18', 'an unknown method', line('BREW / HTTP/1.1'), 'complete'],
  ['R18', 'a method of odd token letters', line("!#$%&'*+-.^_`|~09az / HTTP/1.1"), 'complete'],
  ['R18', 'a method that is no token', line('GE(T / HTTP/1.1'), 'bad-request'],
  ['R18', 'no method', line('/ HTTP/1.1'), 'bad-request'],
  ['R24', 'Transfer_Encoding', get('Transfer_Encoding: chunked'), 'bad-request'],
  ['R24', 'Content_Length', get('content_length: 3'), 'bad-request'],
  ['R24', 'another underscore', get('X_Y: 3'), 'complete'],
  ['R25', 'GET with a length', get('Content-Length: 3'), 'complete'],
  ['R48', 'an odd expectation', get('Expect: tea'), 'expectation-failed'],
  ['R48', 'an empty expectation', get('Expect:'), 'expectation-failed'],
  ['R48', 'two expectations', get('Expect: 100-continue, tea'), 'expectation-failed'],
  ['R48', 'an odd expectation before bad framing', get('Expect: tea', 'Content-Length: x'), 'bad-request'],
  [
    'R48',
    'an odd expectation and a bad Host',
    `${'GET / HTTP/1.1\r\nExpect: tea\r\nHost: a/b'}\r\n\r\n`,
    'bad-request',
  ],
  ['R48', 'an odd expectation in 1.0', 'GET / HTTP/1.0\r\nExpect: tea\r\n\r\n', 'complete'],
  ['', 'TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'bad-request'],
];

describe('scanRequestHead', () => {
  it.each(rows)('%s %s', (_rule, _what, text, result) => {
    const scanned = scanRequest(text);
    expect(scanned.result).toBe(result);
    if (result !== 'complete') expect(scanned.head.detail).not.toBe('');
    else expect(latin1(scanned.head.bytes, scanned.head.start, scanned.head.end)).toBe(text.replace(/^(\r\n)+/, ''));
  });

  it('points at the parts and lets nothing after the head matter (R29)', () => {
    const { head } = scanRequest('POST /x?y HTTP/1.1\r\nHoSt:a:1\r\nX-A:\t b \t c\xfc\t\r\nX-B:\r\n\r\nbody');
    expect(methodOf(head)).toBe('POST');
    expect(pathOf(head)).toBe('/x?y');
    expect(authorityOf(head)).toBe('a:1');
    expect(fieldsOf(head)).toEqual([
      ['HoSt', 'a:1'],
      ['X-A', 'b \t c\xfc'],
      ['X-B', ''],
    ]);
    expect([fieldName(head, 1), fieldValue(head, 1)]).toEqual(['X-A', 'b \t c\xfc']);
    expect(latin1(head.bytes, head.end, head.end + 4)).toBe('body');
    expect(latin1(head.bytes, head.fieldsStart, head.fieldsEnd)).toBe('HoSt:a:1\r\nX-A:\t b \t c\xfc\t\r\nX-B:\r\n');
  });

  it.each([
    ['GET http://b:1/c?d HTTP/1.1', 'b:1', '/c?d'],
    ['GET http://b HTTP/1.1', 'b', '/'],
    ['GET hTTpS://[::1]:443/ HTTP/1.1', '[::1]:443', '/'],
    ['GET //b/c HTTP/1.1', 'a', '//b/c'],
    ['OPTIONS * HTTP/1.1', 'a', '*'],
    ['CONNECT b:443 HTTP/1.1', 'b:443', 'b:443'],
  ])('R16 %s is for %s', (requestLine, authority, path) => {
    const { head } = scanRequest(line(requestLine));
    expect([authorityOf(head), pathOf(head)]).toEqual([authority, path]);
  });

  it.each([
    [['Content-Length: 007'], { contentLength: 7, chunked: false }],
    [['Content-Length: 0'], { contentLength: 0 }],
    [[], { contentLength: -1, chunked: false, connectionClose: false, upgrade: false, expectContinue: false }],
    [['Transfer-Encoding: CHUNKED'], { contentLength: -1, chunked: true }],
    [['Connection: close'], { connectionClose: true, connectionKeepAlive: false }],
    [['Connection: Keep-Alive'], { connectionClose: false, connectionKeepAlive: true }],
    [['Connection: ,x ,\tCLOSE , keep-alive'], { connectionClose: true, connectionKeepAlive: true }],
    [['Connection: x', 'Connection: close'], { connectionClose: true }],
    [['Connection: closed, notclose'], { connectionClose: false }],
    [['Upgrade: websocket', 'Connection: keep-alive, Upgrade'], { upgrade: true }],
    [['Connection: upgrade', 'Connection: keep-alive', 'Upgrade: websocket'], { upgrade: true }],
    [['Upgrade: websocket'], { upgrade: false }],
    [['Connection: upgrade'], { upgrade: false }],
    [['Expect: 100-Continue'], { expectContinue: true }],
  ])('reads what %j says about the message', (fields, expected) => {
    const { result, head } = scanRequest(get(...fields));
    expect(result).toBe('complete');
    expect(head).toMatchObject({ minorVersion: 1, hostIndex: 0, ...expected });
  });

  it.each(['1.0', '1.1'])(
    'R45 CONNECT of HTTP/%s asks for all that follows, whatever it says of content',
    (version) => {
      const { head } = scanRequest(`CONNECT b:443 HTTP/${version}\r\nHost: b:443\r\nContent-Length: 0\r\n\r\n`);
      expect(head).toMatchObject({ contentLength: -1, connectionClose: true, upgrade: true });
    },
  );

  it('knows neither upgrades nor expectations in HTTP/1.0 (R48, R72)', () => {
    const { head } = scanRequest(
      'GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\nExpect: 100-continue\r\n\r\n',
    );
    expect(head).toMatchObject({ minorVersion: 0, upgrade: false, expectContinue: false, hostIndex: -1 });
    expect(authorityOf(head)).toBe('');
  });

  it('forgets the head before', () => {
    const first = latin1Bytes('POST http://b/c HTTP/1.0\r\nHost: b\r\nContent-Length: 3\r\nConnection: close\r\n\r\n');
    const second = latin1Bytes(get('Transfer-Encoding: chunked'));
    const head = new Head();
    expect(scanRequestHead(head, first, 0, first.length, defaultHeadLimits)).toBe('complete');
    expect(scanRequestHead(head, second, 0, second.length, defaultHeadLimits)).toBe('complete');
    expect(head).toMatchObject({ minorVersion: 1, contentLength: -1, chunked: true, connectionClose: false, count: 2 });
    expect([authorityOf(head), pathOf(head)]).toEqual(['a', '/']);
  });
});

describe('limits of a request head', () => {
  const limits = (some: Partial<HeadLimits>): HeadLimits => ({ ...defaultHeadLimits, ...some });
  const whole = get('A: b');

  it.each<[rule: string, what: string, head: string, limits: HeadLimits, result: ScanResult]>([
    [
      'R19',
      'a target of the longest',
      line(`GET /${'a'.repeat(9)} HTTP/1.1`),
      limits({ maxTargetBytes: 10 }),
      'complete',
    ],
    [
      'R19',
      'a longer target',
      line(`GET /${'a'.repeat(10)} HTTP/1.1`),
      limits({ maxTargetBytes: 10 }),
      'target-too-long',
    ],
    ['R19', 'a longer target, not whole', `GET /${'a'.repeat(10)}`, limits({ maxTargetBytes: 10 }), 'target-too-long'],
    ['R19', 'the default', line(`GET /${'a'.repeat(16384)} HTTP/1.1`), limits({}), 'target-too-long'],
    ['R20', 'a head of the longest', whole, limits({ maxHeadBytes: whole.length }), 'complete'],
    ['R20', 'a longer head', whole, limits({ maxHeadBytes: whole.length - 1 }), 'head-too-large'],
    [
      'R20',
      'a longer head, faulty beyond the limit',
      get(`A: ${'a'.repeat(20)}\0`),
      limits({ maxHeadBytes: 30 }),
      'head-too-large',
    ],
    ['R20', 'a longer head, not whole', whole.slice(0, 20), limits({ maxHeadBytes: 20 }), 'head-too-large'],
    ['R20', 'one that may yet be whole', whole.slice(0, 19), limits({ maxHeadBytes: 20 }), 'incomplete'],
    ['R20', 'the default', get(`A: ${'a'.repeat(32768)}`), limits({}), 'head-too-large'],
    [
      'R31',
      'as many connection options as there may be',
      get(...Array(2).fill(`Connection: ${'a, '.repeat(50)}`)),
      limits({}),
      'complete',
    ],
    [
      'R31',
      'one option more',
      get(...Array(2).fill(`Connection: ${'a,'.repeat(50)}`), 'Connection: b'),
      limits({}),
      'bad-request',
    ],
    ['R20', 'a method without end', 'A'.repeat(32768), limits({}), 'head-too-large'],
    ['R12', 'empty lines count', `\r\n${whole}`, limits({ maxHeadBytes: whole.length }), 'head-too-large'],
    ['R20', 'as many fields as there may be', get('A: b'), limits({ maxFields: 2 }), 'complete'],
    ['R20', 'one field more', get('A: b', 'A: b'), limits({ maxFields: 2 }), 'head-too-large'],
    ['R20', 'the default number', get(...Array(199).fill('A: b')), limits({}), 'complete'],
    ['R20', 'one more than the default', get(...Array(200).fill('A: b')), limits({}), 'head-too-large'],
  ])('%s %s', (_rule, _what, text, some, result) => {
    expect(scanRequest(text, some).result).toBe(result);
  });

  it('grows its positions with the fields', () => {
    const { head } = scanRequest(get(...Array.from({ length: 150 }, (_, i) => `A${i}: ${i}`)));
    expect(fieldsOf(head).slice(1)).toEqual(Array.from({ length: 150 }, (_, i) => [`A${i}`, `${i}`]));
  });
});

describe('metadata lines', () => {
  const limits = { ...defaultHeadLimits, metadata: true };
  const request = (...lines: string[]): string => `GET / HTTP/1.1\r\n${lines.map((l) => `${l}\r\n`).join('')}\r\n`;

  it('stand before the fields and are none', () => {
    const { result, head } = scanRequest(request(':target A', ':peer 203.0.113.7 51234', ':empty ', 'Host: a'), limits);
    expect(result).toBe('complete');
    expect(['target', 'peer', 'empty', 'tar', 'none'].map((name) => readMetadata(head, name))).toEqual([
      'A',
      '203.0.113.7 51234',
      '',
      undefined,
      undefined,
    ]);
    expect(fieldsOf(head)).toEqual([['Host', 'a']]);
  });

  it('may be left out', () => {
    const { result, head } = scanRequest(request('Host: a'), limits);
    expect([result, readMetadata(head, 'target')]).toEqual(['complete', undefined]);
  });

  it.each([':target', ': A', ':target: A', ':target \0', ':ta rget\n', 'Host: a\r\n:target A'])(
    'refuses %j',
    (text) => {
      expect(scanRequest(request(text, 'Host: a'), limits).result).toBe('bad-request');
    },
  );
});

describe('reading fields', () => {
  it('finds a field by number and a token in its list', () => {
    const { head } = scanRequest(get('Accept: x', 'TE: gzip;q=0.5 ,\tTrailers', 'TE: deflate'));
    expect(findField(head, Field.Te)).toBe(2);
    expect(findField(head, Field.Cookie)).toBe(-1);
    expect(['trailers', 'gzip', 'gzip;q=0.5', 'deflate', ''].map((token) => valueHasToken(head, 2, token))).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
  });
});
