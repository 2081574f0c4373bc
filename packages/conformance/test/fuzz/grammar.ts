import type { Random } from '../../../gateway/test/support/random.js';

/** A request inside a body: whoever takes it for one has lost the framing. */
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
const smuggledAnswer = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled';

/** Pieces of syntax that decide where a message ends, and bytes that must not stand anywhere. */
const splinters = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  '\n\n',
  '\r\n ',
  '\r\n\t',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '\0',
  '\x0b',
  '\x7f',
  '\x80',
  '\xff',
  '0',
  '1',
  'a',
  '#',
  '*',
  '0\r\n\r\n',
  '5\r\n',
  'chunked',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Host: b\r\n',
  'Connection: close\r\n',
  smuggled,
];

function mostly(random: Random, usual: string, others: readonly string[], oneIn = 20): string {
  return random.int(oneIn) === 0 ? random.pick(others) : usual;
}

const endOf = (random: Random): string => mostly(random, '\r\n', ['\n', '\r', ' \r\n', '\r\r\n', '\r\n '], 60);

/** One connection's bytes: requests one after the other, changed here and there, cut off now and then. */
export function requestsText(random: Random): string {
  const count = 1 + random.int(3);
  const requests = Array.from({ length: count }, (_, i) => requestText(random, `/${i}`));
  return cutOff(random, mutated(random, requests.join('')));
}

/** The bytes that an origin sends for one request. */
export function answerText(random: Random): string {
  const interim = random.int(6) === 0 ? interimText(random) : '';
  const behind = random.int(12) === 0 ? smuggledAnswer : '';
  return cutOff(random, mutated(random, interim + finalText(random) + behind));
}

function requestText(random: Random, path: string): string {
  const odd = [
    '*',
    '//b',
    `http://a${path}`,
    `HTTP://b${path}`,
    'http://',
    `${path}#f`,
    `${path} x`,
    '/\xff',
    'a:80',
    '',
  ];
  const methods = ['GET', 'GET', 'POST', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'];
  const method = mostly(random, random.pick(methods), ['BREW', 'get', 'TRACE', 'CONNECT', 'PRI', 'G(T'], 60);
  const target = mostly(random, path, odd, 25);
  const version = mostly(random, 'HTTP/1.1', ['HTTP/1.0', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'HTTP/1', ''], 25);
  const first = mostly(random, '', ['\r\n', '\n', '\r\n\r\n'], 30);
  const line = `${first}${method}${mostly(random, ' ', ['  ', '\t'], 80)}${target} ${version}${endOf(random)}`;
  const host = mostly(
    random,
    'Host: a\r\n',
    ['', 'Host: a\r\nHost: a\r\n', 'Host:\r\n', 'Host: b\r\n', 'Host: a/b\r\n'],
    40,
  );
  const bodiless = random.int(3) === 0;
  const { fields, body } = bodiless ? { fields: '', body: '' } : framed(random, bodyText(random, smuggled));
  return `${line}${host}${otherFields(random)}${fields}${otherFields(random)}\r\n${body}`;
}

function finalText(random: Random): string {
  const status = mostly(
    random,
    '200',
    ['204', '205', '206', '304', '404', '500', '599', '101', '100', '600', '099', '20', '2000'],
    6,
  );
  const version = mostly(random, 'HTTP/1.1', ['HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/1'], 20);
  const reason = mostly(random, ' OK', ['', ' ', ' \xff\t', '\tOK', ' O\0K'], 20);
  const line = `${mostly(random, '', ['\r\n', ' '], 60)}${version} ${status}${reason}${endOf(random)}`;
  const body = bodyText(random, smuggledAnswer);
  const untilEnd = random.int(4) === 0;
  const { fields, body: bytes } = untilEnd ? { fields: '', body } : framed(random, body);
  return `${line}${otherFields(random)}${fields}${otherFields(random)}\r\n${bytes}`;
}

function interimText(random: Random): string {
  const line = `HTTP/1.1 ${random.pick(['100', '102', '103', '103', '104', '101'])} Wait`;
  return `${line}\r\n${otherFields(random)}\r\n`.repeat(1 + random.int(3));
}

function bodyText(random: Random, inner: string): string {
  return random.pick([() => '', () => 'abc', () => inner, () => 'x'.repeat(random.int(300)), () => '0\r\n\r\n'])();
}

function otherFields(random: Random): string {
  let fields = '';
  while (random.int(3) === 0) {
    const name = random.pick([
      'A',
      'x-b',
      'Cookie',
      'Expect',
      'Connection',
      'Upgrade',
      'TE',
      'Trailer',
      'Keep-Alive',
      'Via',
      'Date',
    ]);
    const value = random.pick([
      'b',
      '',
      '\tb \xff',
      'close',
      'keep-alive',
      '100-continue',
      'Content-Length',
      'x'.repeat(50),
    ]);
    const colon = mostly(random, ': ', [':', ' :', '', ' : ', '\0:'], 30);
    fields += `${mostly(random, '', [' ', '\t'], 100)}${name}${colon}${value}${endOf(random)}`;
  }
  return fields;
}

/** A body with the fields that frame it: rightly, or by one of the ways in which two readers come to differ. */
function framed(random: Random, body: string): { fields: string; body: string } {
  if (random.int(2) === 0) return { fields: lengthField(random, body.length), body };
  const chunks = random.int(8) === 0 ? body : chunksOf(random, body);
  return { fields: codingField(random, body.length), body: chunks };
}

function lengthField(random: Random, length: number): string {
  const right = `Content-Length: ${length}\r\n`;
  const variants = [
    right + right,
    `${right}Content-Length: ${length + 1}\r\n`,
    `Content-Length: ${length}, ${length}\r\n`,
    `Content-Length: ${length},\r\n`,
    `Content-Length: +${length}\r\n`,
    `Content-Length: -${length}\r\n`,
    `Content-Length: 0x${length}\r\n`,
    `Content-Length: 00${length}\r\n`,
    `Content-Length: ${length} \r\n`,
    `Content-Length: ${length}\x0b\r\n`,
    `Content-Length: ${length}\0\r\n`,
    `Content-Length : ${length}\r\n`,
    `Content-Length:\r\n ${length}\r\n`,
    `X: y\r\n ${right}`,
    `X: y\r${right}`,
    `X: y\n${right}`,
    ` ${right}`,
    `Content_Length: ${length}\r\n`,
    'Content-Length:\r\n',
    'Content-Length: 9007199254740993\r\n',
    `Content-Length: 1${'0'.repeat(25)}\r\n`,
    `Content-Length: ${length}\r\n 1\r\n`,
    `${right}Transfer-Encoding: chunked\r\n`,
    `Transfer-Encoding: identity\r\n${right}`,
    `Content-Length: ${length + random.int(9)}\r\n`,
    `Content-Length: ${Math.max(0, length - 1 - random.int(9))}\r\n`,
    `Connection: Content-Length\r\n${right}`,
    `Content-Length:${length}\r\n`,
  ];
  return mostly(random, right, variants, 3);
}

function codingField(random: Random, length: number): string {
  const right = 'Transfer-Encoding: chunked\r\n';
  const values = [
    'Chunked',
    ' chunked',
    'chunked ',
    '\tchunked',
    'chunked, chunked',
    'identity',
    'identity, chunked',
    'gzip, chunked',
    'chunked, gzip',
    'xchunked',
    'chunkedx',
    'chunked;q=1',
    '\x0bchunked',
    'chunked\x0b',
    'chu nked',
    '"chunked"',
    '',
    ', chunked',
    'chunked,',
    'chunked\0',
    '\x80chunked',
    'gzip',
  ];
  const variants = [
    `${right}${right}`,
    `${right}Transfer-Encoding: x\r\n`,
    `Transfer-Encoding: x\r\n${right}`,
    `${right}Content-Length: ${length}\r\n`,
    'Transfer-Encoding : chunked\r\n',
    'Transfer-Encoding:\r\n chunked\r\n',
    `X: y\r\n ${right}`,
    `X: y\r${right}`,
    `X: y\n${right}`,
    ` ${right}`,
    'Transfer-Encoding\0: chunked\r\n',
    'Transfer_Encoding: chunked\r\n',
    'Transfer-Encoding: chu\r\n nked\r\n',
    `Connection: Transfer-Encoding\r\n${right}`,
    'Transfer-Encoding:chunked\r\n',
    'TRANSFER-ENCODING: CHUNKED\r\n',
    `Content-Length: 3\r\n${right}`,
  ];
  if (random.int(3) > 0) return right;
  return random.int(2) === 0 ? `Transfer-Encoding: ${random.pick(values)}\r\n` : random.pick(variants);
}

function chunksOf(random: Random, body: string): string {
  let text = '';
  for (let at = 0; at < body.length; ) {
    const size = Math.min(body.length - at, 1 + random.int(40));
    text += `${sizeOf(random, size)}${extension(random)}${endOf(random)}${body.slice(at, at + size)}${endOf(random)}`;
    at += size;
  }
  const last = mostly(random, '0', ['00', '0x0', '-0', '', '0 ', '000000000000000000000'], 40);
  return `${text}${last}${extension(random)}${endOf(random)}${trailers(random)}${endOf(random)}`;
}

function sizeOf(random: Random, size: number): string {
  const hex = size.toString(16);
  const variants = [
    `0x${hex}`,
    `+${hex}`,
    ` ${hex}`,
    `${hex} `,
    `${hex}\t`,
    `00${hex}`,
    `${hex}g`,
    `${hex}\0`,
    'ffffffffffffffff',
    `1${'0'.repeat(16)}`,
    '',
    '-1',
  ];
  const near = [(size + 1).toString(16), (size - 1).toString(16)];
  return mostly(random, mostly(random, hex, [hex.toUpperCase(), `0${hex}`], 10), [...variants, ...near], 20);
}

function extension(random: Random): string {
  const odd = [';', '; a', ';a=', ';a="\n"', ';\n', ' ;a', ';a\rb', ';a=\0', `;a=${'x'.repeat(200)}`];
  return mostly(random, mostly(random, '', [';a', ';a=b', ';a="b;c"', ';a=b;c=d'], 10), odd, 60);
}

function trailers(random: Random): string {
  return mostly(
    random,
    '',
    [
      'A: b\r\n',
      'A: b\r\nX: y\r\n',
      'Content-Length: 3\r\n',
      'Transfer-Encoding: chunked\r\n',
      'Host: b\r\n',
      'A : b\r\n',
      ' A: b\r\n',
      'A: b\n',
      'A\r\n',
    ],
    5,
  );
}

/** `text` with a few places changed: something put in, taken out, doubled or moved. */
function mutated(random: Random, text: string): string {
  let result = text;
  for (let changes = random.int(4) === 0 ? 1 + random.int(3) : 0; changes > 0; changes--) {
    const at = random.int(result.length + 1);
    const end = Math.min(result.length, at + random.int(8));
    const middle = random.pick([
      () => random.pick(splinters),
      () => random.pick(splinters) + result.slice(at, end),
      () => '',
      () => result.slice(at, end) + result.slice(at, end),
      () => String.fromCharCode(random.int(256)),
    ])();
    result = result.slice(0, at) + middle + result.slice(end);
  }
  return result;
}

function cutOff(random: Random, text: string): string {
  return random.int(10) === 0 ? text.slice(0, random.int(text.length + 1)) : text;
}

/** Where to cut bytes into pieces: mostly nowhere or at a few places, seldom everywhere. */
export function cutsOf(random: Random, length: number): readonly number[] {
  const kind = random.int(20);
  if (kind === 0 && length < 400) return Array.from({ length: length - 1 }, (_, i) => i + 1);
  const count = kind < 10 ? 0 : 1 + random.int(4);
  return [...new Set(Array.from({ length: count }, () => random.int(length + 1)))].sort((a, b) => a - b);
}
