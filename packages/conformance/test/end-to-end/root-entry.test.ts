import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { get, request } from 'node:http';
import { Readable } from 'node:stream';
import { connect, type FetchContext, type FetchRequest, type FetchResult } from '@reverse-http/connector';
import { connect as connectNode } from '@reverse-http/connector/node';
import { createGateway, type Gateway } from '@reverse-http/gateway';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { patternedBytes } from '../support/test-server.js';

const encoder = new TextEncoder();
const pattern = [...patternedBytes(10 * 1024 * 1024 + 3)];
const patternHash = hashOf(pattern);

/** An application as frameworks make them: an object with fetch, and a path for each thing that tests ask for. */
class Application {
  readonly aborted: string[] = [];
  readonly #streams = new Map<string, ReadableStreamDefaultController<Uint8Array>>();
  written = 0;

  readonly #paths: Record<string, (request: FetchRequest, url: URL, context: FetchContext) => unknown> = {
    '/hello': () => new Response('hello'),
    '/echo': (incoming) => new Response(incoming.body, { headers: { 'Content-Type': 'text/plain' } }),
    '/up': async (incoming) => {
      const hash = createHash('sha256');
      for await (const piece of incoming.body as unknown as AsyncIterable<Uint8Array>) hash.update(piece);
      return { body: hash.digest('hex') };
    },
    '/down': () => ({ body: asyncOf(pattern) }),
    '/flood': () => ({ body: this.#flood() }),
    '/written': () => ({ body: String(this.written) }),
    '/events': (_incoming, url) => {
      const start = (controller: ReadableStreamDefaultController<Uint8Array>): void =>
        void this.#streams.set(url.searchParams.get('id') ?? '', controller);
      return new Response(new ReadableStream({ start }), { headers: { 'Content-Type': 'text/event-stream' } });
    },
    '/say': (_incoming, url) => {
      const text = `data: ${url.searchParams.get('text')}\n\n`;
      this.#streams.get(url.searchParams.get('id') ?? '')?.enqueue(encoder.encode(text));
      return new Response(null, { status: 204 });
    },
    '/break': (_incoming, url) => {
      this.#streams.get(url.searchParams.get('id') ?? '')?.error(new Error('broken off'));
      return new Response(null, { status: 204 });
    },
    '/never': (incoming, _url, { signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          this.aborted.push(`${incoming.method} ${signal.reason.code}`);
          reject(signal.reason);
        });
      }),
    '/parts': () => ({
      status: 201,
      headers: [
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
        ['Set-Cookie', 'c=3'],
        ['Trailer', 'X-Sum'],
      ],
      body: 'parts',
      trailers: () => ({ 'X-Sum': '42' }),
    }),
    '/hints': (_incoming, _url, { sendEarlyHints }) => {
      sendEarlyHints('</a.css>; rel=preload; as=style');
      return { body: 'hinted' };
    },
    '/raw': (_incoming, _url, { upgrade }) => {
      const stream = upgrade();
      stream.readable.pipeTo(stream.writable).catch(() => {});
      return stream;
    },
    '/headers': ({ headers, url, method }, _url, { peer, target }) =>
      Response.json({ method, url, peer: peer.address, target, headers: Object.fromEntries(headers) }),
    '/throw': () => {
      throw new Error('thrown');
    },
  };

  fetch(incoming: FetchRequest, context: FetchContext): FetchResult | Promise<FetchResult> {
    const url = new URL(incoming.url);
    const answer = this.#paths[url.pathname]?.(incoming, url, context) ?? new Response('none', { status: 404 });
    return answer as FetchResult;
  }

  async *#flood(): AsyncGenerator<Uint8Array> {
    for (const piece = new Uint8Array(65_536); ; this.written += piece.length) yield piece;
  }
}

function hashOf(pieces: Iterable<Uint8Array>): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

async function* asyncOf<T>(values: Iterable<T>): AsyncGenerator<T> {
  yield* values;
}

describe.each([
  ['the root entry, polling by fetch', 'poll'],
  ['the root entry, by a WebSocket of ws', 'websocket'],
  ['the Node entry', 'node'],
] as const)('%s', (_name, kind) => {
  let gateway: Gateway;
  let url: string;
  let connection: ReturnType<typeof connect>;
  const application = new Application();
  const errors: unknown[] = [];

  beforeAll(async () => {
    gateway = createGateway({ listeners: [{ port: 0 }] });
    await gateway.start();
    const options = {
      gateway: gateway.url!,
      target: 'A',
      token: gateway.token!,
      onError: (error: unknown) => errors.push(error),
    };
    connection =
      kind === 'node'
        ? connectNode(application, options)
        : connect(application, { ...options, transport: kind, WebSocket });
    ({ url } = await connection.ready);
  });
  afterAll(async () => {
    await connection.close();
    await gateway.abort();
  });

  const text = async (path: string): Promise<string> => (await fetch(url + path)).text();

  test('a request comes as the visitor sent it', async () => {
    const headers = {
      Cookie: 'a=1; b=2',
      Origin: 'http://x.example',
      'User-Agent': 'test',
      Referer: 'http://x.example/',
    };
    const sent = request(`${url}headers?q=1`, { method: 'PURGE', headers }).end();
    const [response] = await once(sent, 'response');
    const seen = JSON.parse(String(Buffer.concat(await response.toArray())));
    const { host } = new URL(url);
    expect(seen).toMatchObject({ method: 'PURGE', url: `http://${host}/headers?q=1`, peer: '127.0.0.1', target: 'A' });
    expect(seen.headers).toMatchObject({
      cookie: 'a=1; b=2',
      origin: 'http://x.example',
      'user-agent': 'test',
      referer: 'http://x.example/',
      host,
      'x-forwarded-prefix': '/gw/A',
    });
  });

  test('10 MiB go up, and down, and both ways at once', async () => {
    const up = await fetch(`${url}up`, { method: 'POST', body: Buffer.concat(pattern) });
    expect(await up.text()).toBe(patternHash);
    const down = await (await fetch(`${url}down`)).arrayBuffer();
    expect(hashOf([new Uint8Array(down)])).toBe(patternHash);
    const upload = request(`${url}echo`, { method: 'POST' });
    Readable.from(pattern).pipe(upload);
    const [response] = await once(upload, 'response');
    expect(hashOf(await response.toArray())).toBe(patternHash);
  });

  test('a visitor that does not read stops the handler', async () => {
    const [response] = await once(get(`${url}flood`), 'response');
    response.pause();
    let before = -1;
    await vi.waitFor(
      async () => {
        const now = Number(await text('written'));
        const settled = now === before && now > 0;
        before = now;
        expect(settled).toBe(true);
      },
      { timeout: 10_000, interval: 200 },
    );
    expect(before).toBeLessThan(32 * 1024 * 1024);
    response.destroy();
  });

  test('each event of a stream arrives when it is written; one that breaks off is never whole', async () => {
    const [response] = await once(get(`${url}events?id=1`), 'response');
    response.setEncoding('utf8');
    for (let i = 0; i < 20; i++) {
      const arrives = once(response, 'data');
      await text(`say?id=1&text=${i}`);
      expect(await arrives).toEqual([`data: ${i}\n\n`]);
    }
    const broken = once(response, 'error');
    await text('break?id=1');
    expect((await broken)[0]).toMatchObject({ code: 'ECONNRESET' });
    expect(response.complete).toBe(false);
    expect(errors.splice(0)).toEqual([new Error('broken off')]);
  });

  test('a visitor that leaves aborts the signal', async () => {
    const waiting = get(`${url}never`);
    waiting.on('error', () => {});
    await once(waiting, 'socket');
    expect(await text('hello')).toBe('hello');
    waiting.destroy();
    await vi.waitFor(() => expect(application.aborted).toEqual(['GET visitor-gone']), { timeout: 5000, interval: 5 });
    expect(errors).toEqual([]);
  });

  test('three cookies and a trailer arrive', async () => {
    const [response] = await once(get(`${url}parts`, { headers: { TE: 'trailers' } }), 'response');
    const body = String(Buffer.concat(await response.toArray()));
    expect([response.statusCode, body, response.headers['set-cookie']]).toEqual([201, 'parts', ['a=1', 'b=2', 'c=3']]);
    expect(response.trailers).toEqual({ 'x-sum': '42' });
  });

  test('early hints arrive before the answer', async () => {
    const sent = get(`${url}hints`);
    const [[info], [response]] = await Promise.all([once(sent, 'information'), once(sent, 'response')]);
    expect([info.statusCode, info.headers.link]).toEqual([103, '</gw/A/a.css>; rel=preload; as=style']);
    response.resume();
  });

  test('an upgrade passes bytes both ways', async () => {
    const sent = request(`${url}raw`, { headers: { Connection: 'Upgrade', Upgrade: 'raw' } }).end();
    const [response, socket] = await once(sent, 'upgrade');
    expect([response.statusCode, response.headers.upgrade]).toEqual([101, 'raw']);
    for (const word of ['one', 'two']) {
      socket.write(word);
      expect(String((await once(socket, 'data'))[0])).toBe(word);
    }
    socket.end();
    await once(socket, 'close');
  });

  test('a handler that throws is answered for; others go on', async () => {
    const response = await fetch(`${url}throw`);
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ type: expect.stringMatching(/handler-failed$/) });
    expect(errors.splice(0)).toEqual([new Error('thrown')]);
    expect(await text('hello')).toBe('hello');
  });

  test('100 visitors at once get each their own', async () => {
    const answers = Array.from({ length: 100 }, async (_, i) => {
      const body = `${i}:${'x'.repeat(i * 300)}`;
      return (await (await fetch(`${url}echo`, { method: 'POST', body })).text()) === body;
    });
    expect(await Promise.all(answers)).toEqual(Array(100).fill(true));
  });
});

test('the root entry begins with polling and moves to a WebSocket, with a stream under way', async () => {
  const gateway = createGateway({ listeners: [{ port: 0 }] });
  await gateway.start();
  const application = new Application();
  let moved: () => void = () => {};
  const moving = new Promise<void>((resolve) => {
    moved = resolve;
  });
  const connection = connect(application, {
    gateway: gateway.url!,
    target: 'A',
    token: gateway.token!,
    WebSocket,
    onState: (state) => state.state === 'ready' && state.transport === 'websocket' && moved(),
  });
  const { url, transport } = await connection.ready;
  expect(transport).toBe('poll');
  const [response] = await once(get(`${url}events?id=1`), 'response');
  await moving;
  const arrives = once(response, 'data');
  await fetch(`${url}say?id=1&text=moved`);
  expect(String(await arrives)).toBe('data: moved\n\n');
  response.destroy();
  await connection.close();
  await gateway.abort();
});

test('a connector that takes one request at a time has the others refused, undelivered', async () => {
  const gateway = createGateway({ listeners: [{ port: 0 }] });
  await gateway.start();
  const application = new Application();
  const options = { gateway: gateway.url!, target: 'A', token: gateway.token!, transport: 'poll' } as const;
  const connection = connect(application, { ...options, maxConcurrent: 1 });
  const { url } = await connection.ready;
  const first = get(`${url}events?id=1`);
  const [stream] = await once(first, 'response');
  const second = await fetch(`${url}hello`);
  expect(second.status).toBe(503);
  expect(await second.json()).toMatchObject({ type: expect.stringMatching(/overloaded$/), delivered: 'no' });
  first.on('error', () => {});
  stream.on('error', () => {});
  first.destroy();
  await vi.waitFor(async () => expect(await (await fetch(`${url}hello`)).text()).toBe('hello'), { timeout: 5000 });
  await connection.close();
  await gateway.abort();
});
