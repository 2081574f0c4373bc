import { createServer, METHODS, type Server } from 'node:http';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ChunkedReader,
  defaultHeadLimits,
  Head,
  latin1,
  latin1Bytes,
  methodOf,
  type ScanResult,
  scanRequestHead,
} from '../../src/http1/index.js';
import { chunkedText, mutated, requestText } from './arbitraries.js';
import { fieldsOf } from './scan-text.js';

interface Message {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly string[];
  readonly body: string;
}

interface Ours {
  readonly messages: Message[];
  /** The bytes of them. */
  readonly taken: string;
  /** Why reading stopped. */
  readonly result: ScanResult;
  /**
   * Whether Node is known to refuse what we take: a method or a minor version that it does not know (R11, R18), a chunk
   * extension that is not in order (we neither read nor forward it: R22).
   */
  readonly stricter: boolean;
}

/** A line that begins like a chunk's, its extension not `;name=value` and so on. */
const oddExtension = /^[\da-f]+;(?!(\w+(=(\w+|"\w*"))?(;(?!\r)|\r$))+$)/im;

/** Every whole message that we would take from the bytes of a connection. */
function readOurs(text: string): Ours {
  const bytes = latin1Bytes(text);
  const messages: Message[] = [];
  let at = 0;
  for (;;) {
    const head = new Head();
    const result = scanRequestHead(head, bytes, at, bytes.length, defaultHeadLimits);
    if (result !== 'complete') return { messages, taken: text.slice(0, at), result, stricter: false };
    const method = methodOf(head);
    const version = latin1(bytes, head.targetEnd + 6, head.targetEnd + 9);
    if (!METHODS.includes(method) || method === 'CONNECT' || version > '1.1')
      return { messages, taken: text.slice(0, at), result, stricter: true };
    const body = readBody(head, bytes);
    if (body === undefined) return { messages, taken: text.slice(0, at), result: 'incomplete', stricter: false };
    if (oddExtension.test(text.slice(head.end, body.end))) {
      return { messages, taken: text.slice(0, at), result, stricter: true };
    }
    const target = latin1(bytes, head.targetStart, head.targetEnd);
    messages.push({ method, target, fields: fieldsOf(head).flat(), body: body.text });
    at = body.end;
    if (head.connectionClose || head.upgrade || head.minorVersion === 0)
      return { messages, taken: text.slice(0, at), result, stricter: false };
  }
}

function readBody(head: Head, bytes: Uint8Array): { text: string; end: number } | undefined {
  if (!head.chunked) {
    const end = head.end + Math.max(head.contentLength, 0);
    return end > bytes.length ? undefined : { text: latin1(bytes, head.end, end), end };
  }
  const reader = new ChunkedReader();
  let text = '';
  let event = reader.read(bytes, head.end, bytes.length);
  for (; event === 'data'; event = reader.read(bytes, reader.position, bytes.length)) {
    text += latin1(bytes, reader.dataStart, reader.dataEnd);
  }
  return event === 'end' ? { text, end: reader.position } : undefined;
}

/** One connection of bytes that are all there already; what the server writes is thrown away. */
class Connection extends Duplex {
  constructor(bytes: Uint8Array) {
    super();
    this.push(bytes);
    this.push(null);
  }
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

let server: Server;
const seen = new WeakMap<object, Message[]>();

beforeAll(() => {
  server = createServer({ maxHeaderSize: 32 * 1024 }, (request, response) => {
    let body = '';
    request.setEncoding('latin1');
    request.on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const { method = '', url = '', rawHeaders } = request;
      seen.get(request.socket)?.push({ method, target: url, fields: rawHeaders, body });
      response.end();
    });
    request.on('error', () => {});
  });
  server.on('clientError', (_error, socket) => socket.destroy());
});

afterAll(() => {
  server.close();
});

/** Every whole message that Node takes from the same bytes. */
function readNode(text: string): Promise<Message[]> {
  const connection = new Connection(Buffer.from(text, 'latin1'));
  const messages: Message[] = [];
  seen.set(connection, messages);
  return new Promise((resolve) => {
    connection.once('close', () => resolve(messages));
    server.emit('connection', connection);
  });
}

async function expectNoMoreLenient(text: string): Promise<Ours> {
  const ours = readOurs(text);
  // Node is given what we took and nothing behind: it would drop good messages together with a bad one that follows.
  if (ours.messages.length > 0) expect(await readNode(ours.taken)).toEqual(ours.messages);
  return ours;
}

const good = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n';

describe('where Node and we take the same', () => {
  it.each([
    good,
    `${good}${good}${good}`,
    `\r\n${good}`,
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 003\r\n\r\nabc${good}`,
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3;x="y"\r\nabc\r\n0\r\nA: b\r\n\r\n${good}`,
    `GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc${good}`,
    'GET / HTTP/1.0\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nX: \t\x80\xff b\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n',
    'GET /\\"<>{}|^`[]%zz HTTP/1.1\r\nHost: a\r\n\r\n',
  ])('%j', async (text) => {
    const ours = await expectNoMoreLenient(text);
    expect(ours.messages.length).toBeGreaterThan(0);
  });
});

describe('where Node takes more than we do', () => {
  it.each<[rule: string, text: string, result: ScanResult]>([
    ['R4', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 'not-implemented'],
    ['R5', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'bad-request'],
    ['R8', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 'bad-request'],
    ['R9', 'GET / HTTP/1.1\r\nHost: u@a\r\n\r\n', 'bad-request'],
    ['R9', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 'bad-request'],
    ['R9', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', 'bad-request'],
    ['R10', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 'version-not-supported'],
    ['R10', 'GET /\r\n\r\n', 'bad-request'],
    ['R13', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-request'],
    ['R14', 'GET /#a HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-request'],
    ['R17', 'GET * HTTP/1.1\r\nHost: a\r\n\r\n', 'bad-request'],
    ['R24', 'GET / HTTP/1.1\r\nHost: a\r\nTransfer_Encoding: chunked\r\n\r\n', 'bad-request'],
  ])('%s %j', async (_rule, text, result) => {
    expect(readOurs(text)).toMatchObject({ messages: [], result });
    expect(await readNode(text)).toHaveLength(1);
  });
});

describe('where we take more than Node does', () => {
  it.each([
    ['R11', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n'],
    ['R18', 'BREW / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['R18', 'get / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('%s %j', async (_rule, text) => {
    expect(readOurs(text)).toMatchObject({ result: 'complete', stricter: true });
    expect(await readNode(text)).toEqual([]);
  });
});

describe('nowhere else are we more lenient than Node', () => {
  const post = 'POST / HTTP/1.1\r\nHost: a\r\n';

  it.each<[string, fc.Arbitrary<string>]>([
    ['heads', requestText.map((text) => `${text}${good}`)],
    ['heads with a body', fc.tuple(requestText, chunkedText).map(([head, body]) => `${head}${body}${good}`)],
    ['chunked bodies', chunkedText.map((body) => `${post}Transfer-Encoding: chunked\r\n\r\n${body}${good}`)],
    ['lengths', mutated(fc.constant(`${post}Content-Length: 3\r\n\r\nabc${good}`))],
  ])('in %s', async (_name, texts) => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        taken += (await expectNoMoreLenient(text)).messages.length;
      }),
      { numRuns: 1000 },
    );
    expect(taken).toBeGreaterThan(50);
  });
});
