import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { FetchFunction } from '../src/handler/fetch-handler.js';
import { createFetchPair, type MemoryPair } from './harness/memory-pair.js';
import type { TestVisit, VisitOptions } from './harness/visitor.js';

let pair: MemoryPair;
afterEach(() => pair.close());
/** Serves a handler of any kind, right or wrong. */
const serve = (handler: (...args: Parameters<FetchFunction>) => unknown): MemoryPair => {
  pair = createFetchPair(handler as FetchFunction);
  return pair;
};
const answerTo = (answer: () => unknown, options?: VisitOptions): Promise<TestVisit> =>
  serve(answer).visit(options).done();
const settle = async (): Promise<void> => {
  for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
};
const utf8 = new TextEncoder();

async function* pieces(...texts: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  yield* texts;
}

describe('an answer', () => {
  const bodies: [string, () => unknown, string | undefined][] = [
    ['a Response', () => new Response('grün'), '5'],
    ['a Response of bytes', () => new Response(utf8.encode('grün')), '5'],
    ['a Response of a stream', () => new Response(new Response('grün').body), '5'],
    ['a Response with its length', () => new Response('grün', { headers: { 'Content-Length': '5' } }), '5'],
    ['a promise', async () => new Response('grün'), '5'],
    ['text', () => ({ body: 'grün' }), '5'],
    ['bytes', () => ({ body: utf8.encode('grün') }), '5'],
    ['a buffer', () => ({ body: utf8.encode('grün').buffer }), '5'],
    ['a Blob', () => ({ body: new Blob(['grün']) }), undefined],
    ['a stream', () => ({ body: new Response('grün').body }), '5'],
    ['an iterable', () => ({ body: pieces('gr', utf8.encode('ü'), '', 'n') }), '5'],
    ['an iterable with its length', () => ({ headers: { 'content-length': 5 }, body: pieces('gr', 'ün') }), '5'],
  ];
  it.each(bodies)('may be %s', async (_name, handler, length) => {
    const answer = await answerTo(handler);
    expect([answer.head?.status, answer.text, pair.failures]).toEqual([200, 'grün', []]);
    if (length !== undefined) expect(answer.head?.get('content-length')).toBe(length);
    expect(answer.head?.raw.filter(([name]) => /content-length/i.test(name)).length).toBeLessThanOrEqual(1);
    expect(pair.acceptor.active).toBe(0);
  });

  it('has the type of its body where none is given', async () => {
    const typeOf = async (answer: unknown) => (await answerTo(() => answer)).head?.get('content-type');
    expect(await typeOf({ body: 'x' })).toBe('text/plain;charset=UTF-8');
    expect(await typeOf({ body: 'x', headers: [['content-type', 'text/html']] })).toBe('text/html');
    expect(await typeOf({ body: new Blob(['x'], { type: 'image/png' }) })).toBe('image/png');
    expect(await typeOf({ body: new Uint8Array(1) })).toBe(undefined);
  });

  const threeCookies = new Headers([
    ['Set-Cookie', 'a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT'],
    ['Set-Cookie', 'b=2'],
    ['X-A', 'b'],
    ['Set-Cookie', 'c=3'],
  ]);
  it.each([
    ['a Response', () => new Response('', { headers: threeCookies })],
    ['Headers', () => ({ headers: threeCookies })],
    ['pairs', () => ({ headers: [...threeCookies] })],
    ['a Map of pairs', () => ({ headers: new Map([['X-A', 'b']]) })],
    ['an object', () => ({ headers: { 'X-A': 'b', 'Set-Cookie': threeCookies.getSetCookie(), 'X-None': undefined } })],
  ])('has each Set-Cookie for itself, from %s', async (name, handler) => {
    const { head } = await answerTo(handler);
    const cookies = head?.raw.filter(([field]) => field.toLowerCase() === 'set-cookie').map(([, value]) => value);
    expect(cookies).toEqual(name.includes('Map') ? [] : threeCookies.getSetCookie());
    expect(head?.get('x-a')).toBe('b');
    expect(head?.get('x-none')).toBe(undefined);
  });

  it("is the handler's own no more once it is given", async () => {
    const buffer = Buffer.from('before');
    serve(() => {
      queueMicrotask(() => buffer.fill('X'));
      return { body: buffer };
    });
    expect((await pair.visit().done()).text).toBe('before');
  });

  it('that cannot be sent has its stream cancelled', async () => {
    let reason: unknown;
    const body = new ReadableStream({
      cancel(given) {
        reason = given;
      },
    });
    await answerTo(() => ({ headers: { 'a b': 'c' }, body }));
    expect(reason).toBe(pair.failures[0]);
  });

  it('has its own reason, and keeps latin1 values', async () => {
    const { head } = await answerTo(() => ({
      status: 299,
      statusText: 'Fine',
      headers: { 'X-A': ' grün\t', 'X-N': 5 },
    }));
    expect(head?.status).toBe(299);
    expect([head?.get('x-a'), head?.get('x-n'), head?.get('content-length')]).toEqual(['grün', '5', '0']);
  });

  it('loses the fields of one connection', async () => {
    const { head, text } = await answerTo(() => ({
      headers: {
        Connection: 'X-Hop, cache-control, Content-Type',
        'X-Hop': '1',
        'Cache-Control': 'no-store',
        'Transfer-Encoding': 'chunked',
        'Keep-Alive': 'timeout=5',
        Upgrade: 'h2c',
        'X-Kept': '1',
      },
      body: 'x',
    }));
    expect(text).toBe('x');
    expect(head?.raw.map(([name]) => name)).toEqual(['Cache-Control', 'X-Kept', 'Content-Type', 'Content-Length']);
  });

  it.each([204, 205, 304])('with status %i has no body', async (status) => {
    const { head, ended, text } = await answerTo(() => new Response(null, { status, headers: { ETag: '"x"' } }));
    expect([head?.status, head?.get('etag'), ended, text]).toEqual([status, '"x"', true, '']);
    expect(head?.get('content-length')).toBe(status === 205 ? '0' : undefined);
  });

  it('to HEAD has the length, not the body', async () => {
    let cancelled = false;
    const stream = new ReadableStream({
      cancel() {
        cancelled = true;
      },
    });
    const to = async (answer: unknown) =>
      (await answerTo(() => answer, { method: 'HEAD' })).head?.get('content-length');
    expect(await to({ body: 'hello' })).toBe('5');
    expect(await to({ headers: { 'Content-Length': '77' } })).toBe('77');
    expect(await to(new Response('x', { headers: { 'Content-Length': '7' } }))).toBe('7');
    expect(await to({ body: stream })).toBe(undefined);
    expect([cancelled, pair.failures, pair.acceptor.active]).toEqual([true, [], 0]);
  });

  it.each([
    ['known at once', { 'X-Sum': '42', 'X-List': ['a', 'b'] }],
    [
      'later',
      Promise.resolve([
        ['X-Sum', '42'],
        ['X-List', 'a'],
        ['X-List', 'b'],
      ]),
    ],
    [
      'when the body has ended',
      async () =>
        new Map([
          ['X-Sum', '42'],
          ['X-List', 'a, b'],
        ]),
    ],
  ])('may have trailers, %s', async (_name, trailers) => {
    for (const body of ['x', pieces('x'), null]) {
      const answer = await answerTo(() => ({ body, trailers }));
      expect(answer.text).toBe(body === null ? '' : 'x');
      expect(answer.trailers?.[0]).toEqual(['X-Sum', '42']);
      expect(
        answer.trailers
          ?.slice(1)
          .map(([, value]) => value)
          .join(', '),
      ).toBe('a, b');
      expect(answer.head?.get('content-length')).toBe(undefined);
      expect(pair.acceptor.active).toBe(0);
    }
  });

  it('that comes of fetch is passed on as it can be read', async () => {
    const zipped = gzipSync('hello hello hello hello');
    const server = createServer((_req, res) => {
      res.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Length': zipped.length, Connection: 'keep-alive' });
      res.end(zipped);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const answer = await answerTo(() => fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
    server.close();
    server.closeAllConnections();
    expect(pair.failures).toEqual([]);
    expect([answer.text, answer.head?.get('content-encoding')]).toEqual(['hello hello hello hello', undefined]);
    expect(pair.failures).toEqual([]);
  });
});

it('a Response of another make, of another origin, is passed on as it can be read', async () => {
  const { body, arrayBuffer } = new Response('hello');
  const headers = new Headers({ 'Content-Length': '3', ETag: '"x"' });
  const foreign = { status: 206, statusText: '', url: 'https://b.example/', type: 'cors', headers, body, arrayBuffer };
  const answer = await answerTo(() => foreign);
  expect([answer.head?.status, answer.text, answer.head?.get('etag')]).toEqual([206, 'hello', '"x"']);
  expect(pair.failures).toEqual([]);
});

describe('a stream', () => {
  it('leaves piece by piece as it is written, its head before', async () => {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(given) {
        controller = given;
      },
    });
    const answer = serve(() => new Response(body, { headers: { 'Content-Type': 'text/event-stream' } })).visit();
    await answer.until(({ head }) => head !== undefined);
    for (const text of ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']) {
      controller?.enqueue(utf8.encode(text));
      const before = answer.pieces.length;
      await answer.until(({ pieces: came }) => came.length > before);
      expect(answer.pieces.at(-1)?.toString()).toBe(text);
    }
    controller?.close();
    await answer.done();
    expect([answer.head?.get('content-length'), pair.acceptor.active]).toEqual([undefined, 0]);
  });

  it.each(['a stream', 'an iterable'])('is read only as far as the visitor reads: %s', async (kind) => {
    let made = 0;
    const piece = (): Uint8Array => {
      made += 16 * 1024;
      return new Uint8Array(16 * 1024);
    };
    const total = 4 * 1024 * 1024;
    const stream = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          if (made === total) controller.close();
          else controller.enqueue(piece());
        },
      });
    const iterable = (async function* () {
      while (made < total) yield piece();
    })();
    const answer = serve(() => ({ body: kind === 'a stream' ? stream() : iterable })).visit({ reads: false });
    await settle();
    expect(answer.received).toBe(64 * 1024);
    // A window, what is read ahead, and a piece in the stream itself.
    expect(made).toBeLessThanOrEqual((64 + 64 + 32) * 1024);
    answer.reads = true;
    answer.read();
    await answer.done();
    expect([answer.received, pair.acceptor.active]).toEqual([total, 0]);
  });

  it.each([
    ['array', new Uint8Array(1000)],
    ['Buffer', Buffer.alloc(1000)],
  ])('of an iterable that uses its %s again is not mixed up', async (_name, buffer) => {
    const answer = await answerTo(() => ({
      body: (async function* () {
        for (let i = 0; i < 100; i++) yield buffer.fill(i);
      })(),
    }));
    expect([...new Set(answer.body)]).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it.each([
    ['fails', new Error('no more')],
    ['gives what is no piece', 5],
    ['gives more than announced', 'xxxxxxxxxxx'],
    ['gives less than announced', undefined],
  ])('that %s breaks the exchange off, never cleanly', async (_name, last) => {
    const body = (async function* () {
      yield 'begun';
      await settle();
      if (last instanceof Error) throw last;
      if (last !== undefined) yield last;
    })();
    const answer = await answerTo(() => ({ headers: { 'Content-Length': '10' }, body }));
    expect([answer.text, answer.ended, answer.failure?.reason]).toEqual(['begun', false, 'handler-failed']);
    if (last instanceof Error) expect(pair.failures).toEqual([last]);
    else expect(pair.failures).toEqual([expect.objectContaining({ code: 'handler-failed' })]);
    expect(pair.acceptor.active).toBe(0);
  });

  it('that fails before anything was sent is answered for', async () => {
    const answer = await answerTo(() => ({ body: pieces('x', 5 as never) }));
    expect([answer.head, answer.failure?.reason]).toEqual([undefined, 'handler-failed']);
    const failing = await answerTo(() => ({ body: 'x', trailers: () => Promise.reject(new Error('no sum')) }));
    expect([failing.ended, failing.failure?.reason]).toEqual([false, 'handler-failed']);
    expect([String(pair.failures[0]), pair.acceptor.active]).toEqual(['Error: no sum', 0]);
  });
});

describe('a handler that goes wrong', () => {
  const used = (): Response => {
    const response = new Response('x');
    void response.text();
    return response;
  };
  const locked = (): ReadableStream => {
    const stream = new ReadableStream();
    stream.getReader();
    return stream;
  };
  it.each([
    ['nothing', () => undefined, /it is undefined, not a Response/],
    ['null', async () => null, /it is null/],
    ['text', () => 'hello', /it is string/],
    ['status 0', () => Response.error(), /status is 0/],
    ['status 600', () => ({ status: 600 }), /status is 600/],
    ['a status that is text', () => ({ status: '200' }), /status is 200/],
    ['status 101', () => ({ status: 101 }), /upgrade\(\)/],
    ['status 103', () => ({ status: 103 }), /sendEarlyHints\(\)/],
    ['a bad reason', () => ({ statusText: 'a\r\nb' }), /statusText/],
    ['a bad name', () => ({ headers: { 'a b': 'c' } }), /"a b" is not a field name/],
    ['a bad value', () => ({ headers: { a: 'b\r\nc: d' } }), /value of a has/],
    ['a value beyond latin1', () => ({ headers: { a: '€' } }), /value of a has/],
    ['headers that are text', () => ({ headers: 'a: b' }), /headers must be an object/],
    ['a length that is none', () => ({ headers: { 'Content-Length': 'x' } }), /Content-Length is "x"/],
    ['two lengths', () => ({ headers: { 'Content-Length': ['1', '2'] }, body: 'x' }), /Content-Length is "2"/],
    ['another length', () => ({ headers: { 'Content-Length': '7' }, body: 'x' }), /is 7, but the body has 1/],
    ['a body for 204', () => ({ status: 204, body: 'x' }), /a 204 has no body/],
    ['a stream for 304', () => ({ status: 304, body: pieces('x') }), /a 304 has no body/],
    ['a number as body', () => ({ body: 5 }), /body is number/],
    ['an array as body', () => ({ body: [1] }), /body is object/],
    ['a Response that was read', used, /was read already/],
    ['a stream that is read', () => ({ body: locked() }), /reads already/],
    ['a large head', () => ({ headers: { a: 'x'.repeat(60_000) } }), /longer than 57344/],
    ['many fields', () => ({ headers: Array.from({ length: 1001 }, () => ['a', 'b']) }), /more than 1000/],
    ['framing in trailers', () => ({ body: 'x', trailers: { 'Content-Length': '1' } }), /among the trailers/],
    ['an error', () => Promise.reject(new Error('rejected')), /rejected/],
    [
      'a throw',
      () => {
        throw new Error('thrown');
      },
      /thrown/,
    ],
  ])('with %s is answered for, and the user told', async (_name, handler, told) => {
    serve((request) => (request.url.endsWith('/good') ? { body: 'good' } : (handler as () => unknown)()));
    const [answer, good] = await Promise.all([pair.visit().done(), pair.visit({ path: '/good' }).done()]);
    expect([answer.failure?.reason, answer.failure?.detail, good.text]).toEqual(['handler-failed', '', 'good']);
    expect(pair.failures).toHaveLength(1);
    expect(String(pair.failures[0])).toMatch(told);
    expect(pair.acceptor.active).toBe(0);
  });
});
