import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { FetchContext, FetchFunction, FetchRequest } from '../src/handler/fetch-handler.js';
import { IncomingBody } from '../src/handler/incoming-body.js';
import { createFetchPair, type MemoryPair } from './harness/memory-pair.js';
import { TestBody, type TestVisit, type VisitOptions } from './harness/visitor.js';

let pair: MemoryPair;
afterEach(() => pair.close());
const serve = (handler: FetchFunction): MemoryPair => {
  pair = createFetchPair(handler);
  return pair;
};
const settle = async (): Promise<void> => {
  for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
};
const kilobytes = (count: number): Buffer => Buffer.alloc(count * 1024, 'x');

/** Has a handler look at a request; what it throws fails the test. */
async function look<T>(
  options: VisitOptions,
  see: (request: FetchRequest, context: FetchContext) => T | Promise<T>,
): Promise<T> {
  let seen: T | undefined;
  serve(async (request, context) => {
    seen = await see(request, context);
    return { body: 'ok' };
  });
  await pair.visit(options).done();
  if (pair.failures.length > 0) throw pair.failures[0];
  return seen as T;
}

describe('a request', () => {
  it('stands for a true one where a new one is made of it', async () => {
    const fields = [
      ['Host', 'a.example'],
      ['X-Name', 'x'],
      ['Cookie', 'a=1'],
    ] as const;
    const body = new TestBody().push('hello').end();
    await look({ method: 'POST', path: '/a?b', fields, body }, async (request) => {
      const made = new Request(request, { headers: { ...Object.fromEntries(request.headers), 'X-More': 'y' } });
      expect([made.method, made.url, made.headers.get('x-name'), made.headers.get('x-more')]).toEqual([
        'POST',
        'http://a.example/a?b',
        'x',
        'y',
      ]);
      expect(await made.text()).toBe('hello');
      expect(request.bodyUsed).toBe(true);
    });
    await look({ method: 'POST', path: '/a', fields, body: new TestBody().push('hello').end() }, async (request) => {
      const text = await request.text();
      expect(() => new Request(request)).toThrow(TypeError);
      expect(await new Request(request, { body: `${text}!` }).text()).toBe('hello!');
    });
    await look({ path: '/a', fields }, (request) => {
      const made = new Request(request, { method: 'PUT', body: 'other' });
      expect([made.method, made.url]).toEqual(['PUT', 'http://a.example/a']);
    });
  });

  it('has the shape of a Request, with every field that came', async () => {
    const fields = [
      ['Host', 'a.example:8080'],
      ['Cookie', 'a=1'],
      ['cookie', 'b=2'],
      ['Origin', 'https://a.example'],
      ['Referer', 'https://a.example/'],
      ['X-Name', 'grün\u0080'],
      ['Accept', 'text/html'],
      ['accept', 'text/plain'],
      ['X-Empty', ''],
    ] as const;
    const metadata = ['target B', 'peer 2001:db8::1 51234', 'scheme https', 'prefix /gw/B', 'unknown x'];
    await look({ method: 'PURGE', path: '/a/b?c=%20d', fields, metadata }, (request, { peer, target }) => {
      expect(request).toBeInstanceOf(Request);
      expect(Object.prototype.toString.call(request)).toBe('[object Request]');
      expect([request.method, request.url]).toEqual(['PURGE', 'https://a.example:8080/a/b?c=%20d']);
      expect(request.headers).toBeInstanceOf(Headers);
      expect(Object.fromEntries(request.headers)).toEqual({
        host: 'a.example:8080',
        cookie: 'a=1; b=2',
        origin: 'https://a.example',
        referer: 'https://a.example/',
        'x-name': 'grün\u0080',
        accept: 'text/html, text/plain',
        'x-empty': '',
      });
      expect(request.fields).toEqual(fields);
      expect(request.headers).toBe(request.headers);
      expect([peer, target]).toEqual([{ address: '2001:db8::1', port: 51234 }, 'B']);
      expect([request.body, request.bodyUsed]).toEqual([null, false]);
      for (const name of Object.keys(Object.getOwnPropertyDescriptors(Request.prototype)))
        expect(() => (request as any)[name]).not.toThrow();
      expect(inspect(request)).toContain("method: 'PURGE'");
    });
  });

  it('with thousands of spaces inside a value costs no more than another', async () => {
    const value = `a${' '.repeat(50_000)}b`;
    const before = process.cpuUsage();
    const fields = [['X-A', `\t ${value}\u00a0\t`]] as const;
    expect(await look({ fields }, ({ headers }) => headers.get('x-a'))).toBe(`${value}\u00a0`);
    expect(process.cpuUsage(before).user).toBeLessThan(500_000);
  });

  it('is for the one target of the session where none is named', async () => {
    const seen = await look({ metadata: ['scheme http'] }, (_request, { peer, target }) => ({ peer, target }));
    expect(seen).toEqual({ peer: { address: '', port: 0 }, target: 'A' });
  });

  it.each([
    ['/', 'http://a.example/'],
    ['//evil.example/x', 'http://a.example//evil.example/x'],
    ['/a/../b', 'http://a.example/b'],
    ['/a\\..\\b', 'http://a.example/b'],
    ['http://other.example/x?y', 'http://other.example/x?y'],
  ])('for %s has the URL %s', async (path, url) => {
    expect(await look({ path }, (request) => request.url)).toBe(url);
  });

  it('for * has a URL too', async () => {
    expect(await look({ method: 'OPTIONS', path: '*' }, ({ url }) => url)).toBe('http://a.example/*');
  });

  it.each([[{ fields: [['Host', '1.2.3.4.5']] }], [{ fields: [['Host', 'xn--a']] }]] as [VisitOptions][])(
    'that can have no URL is refused: %j',
    async (options) => {
      serve(() => {
        throw new Error('called');
      });
      expect((await pair.visit(options).done()).failure?.reason).toBe('bad-request');
      expect([pair.failures, pair.acceptor.active]).toEqual([[], 0]);
    },
  );

  it('R45 that asks for a tunnel has no URL either: 501', async () => {
    serve(() => {
      throw new Error('called');
    });
    const body = new TestBody();
    const visit = await pair.visit({ method: 'CONNECT', path: 'a.example:443', body }).done();
    expect([visit.head?.status, visit.ended, visit.text]).toEqual([501, true, '']);
    await visit.until(({ stopped }) => stopped);
    expect([pair.failures, pair.acceptor.active]).toEqual([[], 0]);
  });

  it('becomes a true Request, with its body', async () => {
    const body = new TestBody().push('hello').end();
    const seen = await look({ method: 'POST', path: '/x', fields: [['X-A', 'b']], body }, async (request) => {
      const real = request.toRequest();
      expect(Object.getPrototypeOf(real)).toBe(Request.prototype);
      return [real.method, real.url, real.headers.get('x-a'), await real.text(), request.bodyUsed];
    });
    expect(seen).toEqual(['POST', 'http://a.example/x', 'b', 'hello', true]);
    expect(await look({}, (request) => request.toRequest().body)).toBe(null);
  });
});

it('what came is copied, Buffers too', async () => {
  const given: number[] = [];
  const body = new IncomingBody({ consumed: (bytes) => given.push(bytes), onWanted() {}, stopReading() {} });
  const bytes = Buffer.from('before');
  body.add(bytes);
  bytes.fill('X');
  body.end();
  expect(String(Buffer.from(await body.whole()))).toBe('before');
});

describe('a request body', () => {
  const ways: [string, (request: FetchRequest) => Promise<string>][] = [
    ['text', (request) => request.text()],
    ['bytes', async (request) => String(Buffer.from(await request.bytes()))],
    ['arrayBuffer', async (request) => String(Buffer.from(await request.arrayBuffer()))],
    ['blob', async (request) => (await request.blob()).text()],
    ['stream', async (request) => new Response(request.body).text()],
    ['the stream, then text', async (request) => (request.body === null ? 'none' : request.text())],
    ['clone', async (request) => request.clone().text()],
  ];
  it.each(ways)('is read by %s', async (_name, read) => {
    for (const late of [false, true]) {
      const body = new TestBody().push('grü');
      if (!late) body.push('n').end();
      const seen = look({ method: 'POST', body, fields: [['Content-Type', 'text/x']] }, async (request) => {
        expect(request.bodyUsed).toBe(false);
        const text = read(request);
        if (late) body.push('n').end();
        return text;
      });
      expect(await seen).toBe('grün');
      pair.close();
    }
  });

  it('is JSON, or a form', async () => {
    const json = new TestBody().push('\ufeff{"a":[1]}').end();
    expect(await look({ method: 'POST', body: json }, (request) => request.json())).toEqual({ a: [1] });
    pair.close();
    const form = new TestBody().push('a=1&b=%20').end();
    const fields = [['Content-Type', 'application/x-www-form-urlencoded']] as const;
    const seen = await look({ method: 'POST', body: form, fields }, async (request) => [...(await request.formData())]);
    expect(seen.map(([name, value]) => [name, value])).toEqual([
      ['a', '1'],
      ['b', ' '],
    ]);
  });

  it('has the type of its fields as a Blob', async () => {
    const body = new TestBody().push('x').end();
    const fields = [['Content-Type', 'image/png']] as const;
    expect(await look({ method: 'POST', body, fields }, async (request) => (await request.blob()).type)).toBe(
      'image/png',
    );
  });

  it('is read once', async () => {
    const body = new TestBody().push('x').end();
    await look({ method: 'POST', body }, async (request) => {
      const reading = request.text();
      expect(request.bodyUsed).toBe(true);
      await expect(request.text()).rejects.toThrow(TypeError);
      expect(await reading).toBe('x');
      expect(() => request.clone()).toThrow(TypeError);
      expect(request.body?.locked).toBe(true);
    });
    pair.close();
    await look({ method: 'POST', body: new TestBody().push('x').end() }, async (request) => {
      const reader = request.body!.getReader();
      expect(request.bodyUsed).toBe(false);
      await reader.read();
      expect(request.bodyUsed).toBe(true);
      reader.releaseLock();
      await expect(request.text()).rejects.toThrow(TypeError);
    });
  });

  it('can be read beside its clone, and by clones of clones', async () => {
    const body = new TestBody().push('one ').push('two').end();
    const seen = await look({ method: 'POST', body, fields: [['X-A', 'b']] }, async (request) => {
      request.headers.set('x-b', 'c');
      const clone = request.clone();
      const third = clone.clone();
      expect(clone).toBeInstanceOf(Request);
      expect([clone.headers.get('x-a'), clone.headers.get('x-b'), clone.bodyUsed]).toEqual(['b', 'c', false]);
      const texts = await Promise.all([request.text(), clone.text(), third.text()]);
      expect([request.bodyUsed, clone.bodyUsed, third.bodyUsed]).toEqual([true, true, true]);
      return texts;
    });
    expect(seen).toEqual(['one two', 'one two', 'one two']);
  });

  it('is empty for a request without one', async () => {
    await look({}, async (request) => {
      expect([await request.text(), await request.text(), request.bodyUsed]).toEqual(['', '', false]);
      expect((await request.clone().arrayBuffer()).byteLength).toBe(0);
    });
  });

  it('is followed by its trailers', async () => {
    const body = new TestBody().push('x');
    const seen = await look({ method: 'POST', body }, async (request) => {
      const early = request.trailers;
      body.end('X-Sum: 42\r\nx-sum: 43\r\n\r\n');
      await request.text();
      return [...(await early), ...(await request.trailers)];
    });
    expect(seen).toEqual([
      ['x-sum', '42, 43'],
      ['x-sum', '42, 43'],
    ]);
    pair.close();
    expect([...(await look({}, (request) => request.trailers))]).toEqual([]);
  });

  it('waits at the visitor while the handler does not read', async () => {
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    let done: () => void = () => {};
    serve(async (request) => {
      reader = request.body!.getReader();
      await new Promise<void>((resolve) => {
        done = resolve;
      });
      return { body: 'read' };
    });
    const body = new TestBody().push(kilobytes(10 * 1024)).end();
    const answer = pair.visit({ method: 'POST', body });
    await settle();
    expect(body.taken).toBe(64 * 1024);
    let received = 0;
    while (received < 96 * 1024) received += (await reader!.read()).value!.length;
    await settle();
    // No more than a window, doubled once.
    expect(body.taken).toBeGreaterThan(64 * 1024);
    expect(body.taken).toBeLessThanOrEqual(received + 128 * 1024);
    for (let part = await reader!.read(); part.value; part = await reader!.read()) received += part.value.length;
    expect(received).toBe(10 * 1024 * 1024);
    done();
    expect((await answer.done()).text).toBe('read');
  });

  it('is echoed whole when larger than any window', async () => {
    const sent = Buffer.alloc(10 * 1024 * 1024);
    for (let i = 0; i < sent.length; i += 997) sent[i] = i % 251;
    for (const echo of [
      (request: FetchRequest) => new Response(request.body),
      async (request: FetchRequest) => ({ body: await request.arrayBuffer() }),
    ]) {
      serve(echo as FetchFunction);
      const body = new TestBody();
      for (let at = 0; at < sent.length; at += 100_000) body.push(sent.subarray(at, at + 100_000));
      const answer = await pair.visit({ method: 'POST', body: body.end() }).done();
      expect(answer.body.equals(sent)).toBe(true);
      expect(pair.acceptor.active).toBe(0);
      pair.close();
    }
  });

  it('that nobody looks at is passed over when small, and stopped when large', async () => {
    serve(() => ({ body: 'done' }));
    const small = new TestBody().push(kilobytes(20));
    const first = await pair.visit({ method: 'POST', body: small }).done();
    small.push(kilobytes(20)).end();
    await settle();
    expect([first.text, first.stopped, pair.acceptor.active]).toEqual(['done', false, 0]);
    const large = new TestBody().push(kilobytes(1024));
    const second = pair.visit({ method: 'POST', body: large });
    await second.until(({ stopped }: TestVisit) => stopped);
    expect([second.text, pair.acceptor.active]).toEqual(['done', 0]);
    expect(large.taken).toBeLessThan(1024 * 1024);
  });

  it('that is cancelled is stopped; the answer still leaves', async () => {
    serve(async (request) => {
      const reader = request.body!.getReader();
      await reader.read();
      await reader.cancel();
      return { status: 413, body: 'enough' };
    });
    const answer = pair.visit({ method: 'POST', body: new TestBody().push(kilobytes(1024)) });
    await answer.until(({ stopped }: TestVisit) => stopped);
    expect([answer.head?.status, answer.text, pair.acceptor.active]).toEqual([413, 'enough', 0]);
  });

  it('read too late, after the answer, says so', async () => {
    for (const touch of [false, true]) {
      let seen: FetchRequest | undefined;
      serve((request) => {
        seen = request;
        if (touch) expect(request.body?.locked).toBe(false);
        return { body: 'early' };
      });
      await pair.visit({ method: 'POST', body: new TestBody().push('x') }).done();
      await settle();
      await expect(seen?.text()).rejects.toThrow(/passed over/);
      pair.close();
    }
  });

  it('is asked for by 100 Continue when the handler reads it, and not before', async () => {
    let read: () => void = () => {};
    serve(async (request) => {
      await new Promise<void>((resolve) => {
        read = resolve;
      });
      return { body: await request.text() };
    });
    const body = new TestBody();
    const fields = [['Expect', '100-continue']] as const;
    const answer = pair.visit({ method: 'POST', body, fields });
    await settle();
    expect(answer.interims).toEqual([]);
    read();
    await answer.until(({ interims }: TestVisit) => interims.length > 0);
    expect(answer.interims[0]?.status).toBe(100);
    body.push('hello').end();
    expect((await answer.done()).text).toBe('hello');
  });

  it('is never asked for when the answer comes without', async () => {
    serve(() => ({ status: 417, body: 'no' }));
    const fields = [['Expect', '100-continue']] as const;
    const answer = pair.visit({ method: 'POST', body: new TestBody(), fields });
    await answer.until(({ stopped }: TestVisit) => stopped);
    expect([answer.interims, answer.text, pair.acceptor.active]).toEqual([[], 'no', 0]);
  });
});
