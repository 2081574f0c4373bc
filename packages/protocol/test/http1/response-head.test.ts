import { describe, expect, it } from 'vitest';
import { defaultHeadLimits, type HeadLimits, latin1, type ScanResult } from '../../src/http1/index.js';
import { fieldsOf, scanResponse } from './scan-text.js';

const ok = (...fields: string[]): string => `${['HTTP/1.1 200 OK', ...fields].join('\r\n')}\r\n\r\n`;
const line = (statusLine: string): string => `${statusLine}\r\n\r\n`;

type Row = readonly [rule: string, what: string, head: string, result: ScanResult];

const rows: readonly Row[] = [
  ...[100, 101, 102, 103, 199, 200, 204, 299, 304, 404, 599].map(
    (status): Row => ['R55', `status ${status}`, line(`HTTP/1.1 ${status} x`), 'complete'],
  ),
  ...['099', '000', '600', '999', '99', '2000', '20', '', '2x0', '+20', '-20', ' 200', '200x', '20\xb2'].map(
    (status): Row => ['R55', `status "${status}"`, line(`HTTP/1.1 ${status} x`), 'bad-answer'],
  ),
  ['R55', 'no reason', line('HTTP/1.1 200 '), 'complete'],
  ['R55', 'no reason and no space', line('HTTP/1.1 200'), 'complete'],
  ['R55', 'a tab before the reason', line('HTTP/1.1 200\tOK'), 'bad-answer'],
  ['R55', 'HTTP/1.0', line('HTTP/1.0 200 OK'), 'complete'],
  ['R11', 'HTTP/1.3', line('HTTP/1.3 200 OK'), 'complete'],
  ['R10', 'HTTP/2.0', line('HTTP/2.0 200 OK'), 'bad-answer'],
  ...[
    'HTTP/2 200 OK',
    'ICY 200 OK',
    'http/1.1 200 OK',
    'HTTP/1.1\t200 OK',
    'HTTP/1.1  200 OK',
    ' HTTP/1.1 200 OK',
    'GET / HTTP/1.1',
    '',
  ].map((text): Row => ['R56', `status line "${text}"`, line(text), 'bad-answer']),
  ...[0x00, 0x08, 0x0b, 0x0d, 0x1f, 0x7f].flatMap((code): Row[] => {
    const byte = String.fromCharCode(code);
    return [
      ['R56', `byte ${code} in the reason`, line(`HTTP/1.1 200 O${byte}K`), 'bad-answer'],
      ['R56', `byte ${code} in a value`, ok(`A: b${byte}c`), 'bad-answer'],
      ['R56', `byte ${code} in a name`, ok(`A${byte}: b`), 'bad-answer'],
    ];
  }),
  ['R56', 'bare LF after the status line', 'HTTP/1.1 200 OK\nA: b\r\n\r\n', 'bad-answer'],
  ['R56', 'bare LF after a field', 'HTTP/1.1 200 OK\r\nA: b\n\r\n', 'bad-answer'],
  ['R56', 'bare LF in the status', 'HTTP/1.1 2\n', 'bad-answer'],
  ['R56', 'folding', ok('A: b', ' c'), 'bad-answer'],
  ['R56', 'space before the colon', ok('A : b'), 'bad-answer'],
  ['R56', 'tab and bytes above ASCII', 'HTTP/1.1 200 O\tK\x80\xff\r\nA: \x80\t\xff\r\n\r\n', 'complete'],
  ['R57', 'two lengths', ok('Content-Length: 3', 'Content-Length: 3'), 'bad-answer'],
  ['R57', 'a list of lengths', ok('Content-Length: 3, 3'), 'bad-answer'],
  ['R57', 'a length that is none', ok('Content-Length: -1'), 'bad-answer'],
  ['R57', 'both lengths', ok('Content-Length: 3', 'Transfer-Encoding: chunked'), 'bad-answer'],
  ['R57', 'gzip under chunked', ok('Transfer-Encoding: gzip, chunked'), 'bad-answer'],
  ['R57', 'gzip alone', ok('Transfer-Encoding: gzip'), 'bad-answer'],
  ['R5', 'chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'bad-answer'],
  ['R12', 'an empty line first', `\r\n${ok()}`, 'bad-answer'],
  ['R8', 'no Host is asked for', ok('Expect: tea'), 'complete'],
  [
    '',
    'an upgrade',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
    'complete',
  ],
];

describe('scanResponseHead', () => {
  it.each(rows)('%s %s', (_rule, _what, text, result) => {
    const scanned = scanResponse(text);
    expect(scanned.result).toBe(result);
    if (result !== 'complete') expect(scanned.head.detail).not.toBe('');
    else expect(latin1(scanned.head.bytes, scanned.head.start, scanned.head.end)).toBe(text);
  });

  it.each([
    ['HTTP/1.1 200 All right\r\n', 200, 'All right'],
    ['HTTP/1.1 200 \r\n', 200, ''],
    ['HTTP/1.1 200\r\n', 200, ''],
    ['HTTP/1.1 599  x \r\n', 599, ' x '],
  ])('reads status and reason of %j', (text, status, reason) => {
    const { head } = scanResponse(`${text}Content-Length: 3\r\n\r\n`);
    expect([head.status, latin1(head.bytes, head.reasonStart, head.reasonEnd)]).toEqual([status, reason]);
    expect(head).toMatchObject({ contentLength: 3, chunked: false, upgrade: false });
    expect(fieldsOf(head)).toEqual([['Content-Length', '3']]);
  });

  it.each<[rule: string, what: string, head: string, limits: Partial<HeadLimits>, result: ScanResult]>([
    ['R69', 'a head of the longest', ok('A: b'), { maxHeadBytes: 25 }, 'complete'],
    ['R69', 'a longer head', ok('A: bc'), { maxHeadBytes: 25 }, 'head-too-large'],
    ['R69', 'a longer head, not whole', ok('A: bc').slice(0, 25), { maxHeadBytes: 25 }, 'head-too-large'],
    ['R69', 'one that may yet be whole', ok('A: bc').slice(0, 24), { maxHeadBytes: 25 }, 'incomplete'],
    ['R69', 'a reason without end', `HTTP/1.1 200 ${'a'.repeat(32768)}`, {}, 'head-too-large'],
    ['R69', 'as many fields as there may be', ok('A:', 'B:'), { maxFields: 2 }, 'complete'],
    ['R69', 'one field more', ok('A:', 'B:', 'C:'), { maxFields: 2 }, 'head-too-large'],
  ])('%s %s', (_rule, _what, text, limits, result) => {
    expect(scanResponse(text, { ...defaultHeadLimits, ...limits }).result).toBe(result);
  });
});
