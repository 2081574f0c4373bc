import { afterEach, describe, expect, test } from 'vitest';
import type { AccessLogEntry } from '../../src/index.js';
import { sourceOf, stuckSource } from '../support/scripted-connector.js';
import { members, startGateway, type TestGateway, until } from '../support/test-gateway.js';
import { untilStill } from '../support/until-still.js';

let it: TestGateway;
afterEach(() => it.close());

const target = 'A';

describe('gateway.fetch', () => {
  test('needs no listener; request and answer arrive as they are', async () => {
    const entries: AccessLogEntry[] = [];
    it = await startGateway({ accessLog: (entry) => void entries.push(entry) });
    const connector = await it.connect();
    const request = new Request('https://gw.example.com/x%20y?q=1', {
      method: 'PUT',
      headers: { 'X-Note': 'café', Cookie: 'a=1', Connection: 'close', 'Content-Type': 'text/plain' },
      body: 'hello',
    });
    const answered = it.gateway.fetch(request, { target: 'a' });
    const got = await connector.next();
    expect(got.line).toBe('PUT /x%20y?q=1 HTTP/1.1');
    expect(got.all('host')).toEqual(['gw.example.com']);
    expect(got.all('x-note')).toEqual(['caf\xe9']);
    expect(got.all('cookie')).toEqual(['a=1']);
    expect(got.all('connection')).toEqual([]);
    expect(got.all(':scheme')).toEqual(['https']);
    expect((await got.whole).body).toBe('hello');
    got.answer('207 Multi\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Name: n\xfc', 'done', 'X-Late: 1\r\n\r\n');
    const response = await answered;
    expect(response.status).toBe(207);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(response.headers.get('x-name')).toBe('n\xfc');
    expect(await response.text()).toBe('done');
    await until(() => entries.length === 1);
    expect(entries[0]).toMatchObject({
      method: 'PUT',
      target: 'a',
      status: 207,
      bytesIn: 5,
      bytesOut: 4,
      reason: undefined,
    });
    expect(it.gateway.targets.get('A')).toMatchObject({ requests: 1, running: 0, bytesIn: 5, bytesOut: 4 });
  });

  test.each([204, 304, 205])('%i has no body', async (status) => {
    it = await startGateway();
    await it.connect({ onRequest: (request) => request.answer(`${status} x\r\nX-A: 1`) });
    const response = await it.gateway.fetch(new Request('http://a/'), { target });
    expect([response.status, response.headers.get('x-a'), response.body]).toEqual([status, '1', null]);
  });

  test('HEAD', async () => {
    it = await startGateway();
    await it.connect({ onRequest: (request) => request.answer('200 OK\r\nContent-Length: 9') });
    const response = await it.gateway.fetch(new Request('http://a/', { method: 'HEAD' }), { target });
    expect([response.status, response.headers.get('content-length'), response.body]).toEqual([200, '9', null]);
  });

  test('the gateway answers as it would a visitor', async () => {
    it = await startGateway({ deadlines: { hold: 20 } });
    const nobody = await it.gateway.fetch(new Request('http://a/'), { target: 'nobody' });
    expect([nobody.status, nobody.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
    expect(await nobody.json()).toMatchObject({ title: 'Unknown target', delivered: 'no' });
    (await it.connect()).close();
    await until(() => !it.gateway.targets.has('A'));
    expect((await it.gateway.fetch(new Request('http://a/'), { target })).status).toBe(503);
    const long = new Request('http://a/', { headers: { 'X-Long': 'x'.repeat(40_000) } });
    expect((await it.gateway.fetch(long, { target })).status).toBe(431);
    void it.gateway.close();
    expect(await (await it.gateway.fetch(new Request('http://a/'), { target })).json()).toMatchObject({
      title: 'Draining',
    });
  });

  test('bodies stream both ways', async () => {
    it = await startGateway();
    const connector = await it.connect();
    const up = new TransformStream<Uint8Array, Uint8Array>();
    const writer = up.writable.getWriter();
    const request = new Request('http://a/', { method: 'POST', body: up.readable, duplex: 'half' } as RequestInit);
    const answered = it.gateway.fetch(request, { target });
    const got = await connector.next();
    await writer.write(Buffer.from('one'));
    await got.until('one');
    const pieces = ['first'];
    let isLast = false;
    const down = {
      read(into: Uint8Array, at: number) {
        const piece = Buffer.from(pieces.shift() ?? '');
        into.set(piece, at);
        return piece.length;
      },
      get ended() {
        return pieces.length === 0 && isLast;
      },
      trailers: undefined,
    };
    got.answer('200 OK', down);
    const reader = (await answered).body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('first');
    await writer.write(Buffer.from('two'));
    await writer.close();
    expect((await got.whole).body).toBe('onetwo');
    pieces.push('third');
    isLast = true;
    got.exchange.wake();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('third');
    expect((await reader.read()).done).toBe(true);
  });

  test('who does not read the answer slows the server down', async () => {
    it = await startGateway();
    const connector = await it.connect();
    const total = 8 * 1024 * 1024;
    let given = 0;
    const endless = {
      read(_into: Uint8Array, at: number, end: number) {
        const count = Math.min(end - at, total - given);
        given += count;
        return count;
      },
      get ended() {
        return given === total;
      },
      trailers: undefined,
    };
    const answered = it.gateway.fetch(new Request('http://a/'), { target });
    (await connector.next()).answer('200 OK', endless);
    const response = await answered;
    await untilStill(() => given);
    expect(given).toBeLessThan(total / 4);
    const body = await response.arrayBuffer();
    expect(body.byteLength).toBe(total);
  });

  test('who does not take the request slows its sender down', async () => {
    it = await startGateway();
    const connector = await it.connect({ consumes: false });
    let asked = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        asked++;
        controller.enqueue(new Uint8Array(64 * 1024));
      },
    });
    const request = new Request('http://a/', { method: 'POST', body, duplex: 'half' } as RequestInit);
    const answered = it.gateway.fetch(request, { target });
    const got = await connector.next();
    await untilStill(() => asked);
    expect(asked).toBeLessThan(20);
    got.answer('204 No Content');
    expect((await answered).status).toBe(204);
  });

  test('a signal ends it, before and after the answer began', async () => {
    it = await startGateway();
    const connector = await it.connect();
    await expect(
      it.gateway.fetch(new Request('http://a/', { signal: AbortSignal.abort(new Error('early')) }), { target }),
    ).rejects.toThrow('early');
    for (const begins of [false, true]) {
      const control = new AbortController();
      const answered = it.gateway.fetch(new Request('http://a/', { signal: control.signal }), { target });
      const got = await connector.next();
      if (begins) {
        got.answer('200 OK', stuckSource('some'));
        const reader = (await answered).body!.getReader();
        await reader.read();
        control.abort(new Error('enough'));
        await expect(reader.read()).rejects.toThrow('enough');
      } else {
        control.abort(new Error('enough'));
        await expect(answered).rejects.toThrow('enough');
      }
      await until(() => it.gateway.targets.get('A')!.running === 0);
      await until(() => members(it.gateway)[0]!.running === 0, 'the server does not hear of it');
    }
    expect(connector.requests).toHaveLength(2);
  });

  test('so does a body that breaks, and an answer that nobody wants', async () => {
    it = await startGateway();
    const connector = await it.connect();
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await connector.next();
        controller.error(new Error('the file is gone'));
      },
    });
    const request = new Request('http://a/', { method: 'POST', body, duplex: 'half' } as RequestInit);
    await expect(it.gateway.fetch(request, { target })).rejects.toThrow('the file is gone');
    const answered = it.gateway.fetch(new Request('http://a/'), { target });
    (await connector.next()).answer('200 OK', stuckSource('some'));
    await (await answered).body!.cancel();
    await until(() => it.gateway.targets.get('A')!.running === 0);
  });

  test('an answer that breaks off is no clean end', async () => {
    it = await startGateway();
    const connector = await it.connect();
    const answered = it.gateway.fetch(new Request('http://a/'), { target });
    (await connector.next()).answer('200 OK', stuckSource('some'));
    const response = await answered;
    it.gateway.kick('A');
    await expect(response.text()).rejects.toMatchObject({ code: 'connector-lost' });
  });

  test('an answer that needs no more of the request stops it', async () => {
    it = await startGateway();
    const connector = await it.connect();
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(Buffer.from('x')),
      cancel: () => {
        cancelled = true;
      },
    });
    const request = new Request('http://a/', { method: 'POST', body, duplex: 'half' } as RequestInit);
    const answered = it.gateway.fetch(request, { target });
    const got = await connector.next();
    got.exchange.stopReading();
    got.answer('200 OK', sourceOf('enough'));
    expect(await (await answered).text()).toBe('enough');
    await until(() => cancelled);
  });

  test('limits.requestBody holds here too, told beforehand or found out', async () => {
    it = await startGateway({ limits: { requestBody: 8 } });
    const connector = await it.connect();
    const told = { method: 'POST', headers: { 'Content-Length': '9' }, body: '123456789' };
    expect((await it.gateway.fetch(new Request('http://a/', told), { target })).status).toBe(413);
    expect(connector.requests).toHaveLength(0);
    const found = await it.gateway.fetch(new Request('http://a/', { method: 'POST', body: '123456789' }), { target });
    expect(found.status).toBe(413);
    expect(await found.json()).toMatchObject({ title: 'Body too large', delivered: 'unknown' });
    await until(() => it.gateway.targets.get('A')!.running === 0);
  });
});
