import fc from 'fast-check';

const pick = (...texts: string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
const mostly = (text: string, others: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ arbitrary: fc.constant(text), weight: 9 }, { arbitrary: others, weight: 1 });

/** Bytes that stand for something in HTTP, and a few that must not stand anywhere. */
const byte = pick(
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '0',
  '1',
  '9',
  'a',
  '/',
  '\0',
  '\x0b',
  '\x7f',
  '\x80',
  '\xff',
  '#',
  '*',
  '[',
  '%',
  '_',
);

/** `text` with a few bytes put in, taken out or replaced. */
export function mutated(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const change = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(2), fc.oneof(byte, fc.constant('')));
  const changes = fc.oneof(fc.constant([]), fc.array(change, { maxLength: 2 }));
  return fc.tuple(text, changes).map(([whole, list]) => {
    let result = whole;
    for (const [place, taken, put] of list) {
      const at = Math.floor(place * result.length);
      result = result.slice(0, at) + put + result.slice(at + taken);
    }
    return result;
  });
}

const framing = fc.oneof(
  fc.tuple(
    pick('Content-Length', 'content-length', 'Content_Length'),
    pick(
      '0',
      '3',
      '03',
      '3, 3',
      '+3',
      '',
      '9007199254740991',
      '9007199254740992',
      '9999999999999999',
      '00000000000000003',
      '3 ',
    ),
  ),
  fc.tuple(
    pick('Transfer-Encoding', 'TRANSFER-ENCODING', 'Transfer_Encoding'),
    pick(
      'chunked',
      'Chunked',
      'gzip, chunked',
      'chunked, gzip',
      'chunked, chunked',
      'identity',
      'xchunked',
      '',
      'chunked,',
      'gzip ,\tx-gzip,chunked',
    ),
  ),
);
const other = fc.tuple(
  pick('A', 'x-b', 'Connection', 'Upgrade', 'Cookie', 'Expect', 'Host', 'Transfer-Encodings'),
  pick(
    '',
    'b',
    'close',
    'keep-alive',
    'upgrade, x',
    '100-continue',
    '\tb \xff',
    'a:80',
    'a/b',
    '[::1]:8',
    'a%2e',
    'chunked',
  ),
);
const field = fc
  .tuple(
    fc.oneof(other, other, framing),
    mostly(': ', pick(':', ' :', ':\t ', '')),
    mostly('\r\n', pick('\n', '\r', '\r\n ', ' \r\n')),
  )
  .map(([[name, value], colon, end]) => name + colon + value + end);
const someFields = fc.array(field, { maxLength: 4 }).map((list) => list.join(''));

const version = mostly('HTTP/1.1', pick('HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'HTTP/1', 'http/1.1', ''));
const method = mostly('GET', pick('POST', 'OPTIONS', 'CONNECT', 'HEAD', 'BREW', 'get', 'G(T', ''));
const target = mostly(
  '/a?b',
  pick(
    '/',
    '*',
    'http://a/b',
    'HTTPS://u@a',
    'http://a?b',
    'http://',
    'a:80',
    '/a#b',
    '/\xff',
    '//b',
    'ftp://a/',
    '[::1]:80',
    '',
  ),
);
const lineEnd = mostly('\r\n', pick('\n', '\r', ' \r\n'));
const space = mostly(' ', pick('  ', '\t', ''));

export const requestText: fc.Arbitrary<string> = mutated(
  fc
    .tuple(
      mostly('', pick('\r\n', '\n', '\r\n\r\n\r\n')),
      method,
      space,
      target,
      space,
      version,
      lineEnd,
      mostly('Host: a\r\n', pick('', 'Host:\r\n')),
      someFields,
    )
    .map((parts) => `${parts.join('')}\r\n`),
);

const status = mostly('200', pick('101', '599', '600', '099', '20', '2000', '2x0', ''));
export const responseText: fc.Arbitrary<string> = mutated(
  fc
    .tuple(version, space, status, mostly(' OK', pick('', ' ', '\tOK', ' \xff\t')), lineEnd, someFields)
    .map((parts) => `${parts.join('')}\r\n`),
);

const chunk = fc
  .tuple(
    mostly('3', pick('0', '03', '2', '4', '0x3', '+3', 'ffffffffffffffff', '', '0000000000000003')),
    mostly('', pick(';a', ';a="b;c"', ' ', ' ;a', ';\n')),
    lineEnd,
    mostly('abc', pick('ab', '\r\n0')),
    lineEnd,
  )
  .map((parts) => parts.join(''));
const trailer = fc
  .tuple(pick('A', 'Host', 'x-b'), mostly(': ', pick(':', ' :', '')), pick('b', '', '\xff'), lineEnd)
  .map((parts) => parts.join(''));
export const chunkedText: fc.Arbitrary<string> = mutated(
  fc
    .tuple(
      fc.array(chunk, { maxLength: 3 }),
      mostly('0\r\n', pick('00;x\r\n', '0\n', '')),
      fc.array(trailer, { maxLength: 2 }),
      mostly('\r\n', pick('\n', '')),
    )
    .map(([chunks, last, trailers, end]) => chunks.join('') + last + trailers.join('') + end),
);

export const anyBytes: fc.Arbitrary<string> = fc
  .oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.array(byte, { maxLength: 60 }).map((list) => Buffer.from(list.join(''), 'latin1')),
  )
  .map((bytes) => Buffer.from(bytes).toString('latin1'));
