import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import Koa from 'koa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Application, everyWay, piecesOf, serve } from './application.js';

function createApp(events: EventEmitter): Koa {
  const app = new Koa({ keys: ['a key'] });
  app.silent = true;
  app.use(async (ctx, next) => {
    await next();
    ctx.set('X-Seen', `${ctx.method} ${ctx.path} ${ctx.status}`);
  });
  app.use(async (ctx) => {
    switch (ctx.path) {
      case '/echo':
        ctx.type = 'application/octet-stream';
        ctx.body = await buffer(ctx.req);
        return;
      case '/fresh':
        ctx.etag = 'one';
        ctx.status = 200;
        if (ctx.fresh) ctx.status = 304;
        else ctx.body = { ip: ctx.ip, query: ctx.query };
        return;
      case '/cookies':
        ctx.cookies.set('a', '1', { signed: true });
        ctx.cookies.set('b', '2');
        ctx.body = ctx.cookies.get('a', { signed: true }) ?? 'none';
        return;
      case '/endless': {
        const stream = Readable.from(forever());
        stream.once('close', () => events.emit('closed'));
        ctx.body = stream;
        return;
      }
      case '/teapot':
        ctx.throw(418, 'short and stout');
        break;
      case '/broken':
        throw new Error('a secret');
    }
  });
  return app;
}

async function* forever(): AsyncGenerator<string> {
  for (;;) yield 'again and '.repeat(1000);
}

describe.each(everyWay)('koa by $transport, $route route', (way) => {
  let app: Application;
  const events = new EventEmitter();
  beforeAll(async () => {
    app = await serve(createApp(events).callback(), way);
  });
  afterAll(() => app.close());

  test('a body there and back, a query, a fresh answer', async () => {
    const body = randomBytes(300_000);
    const echo = await app.fetch('echo', { method: 'POST', body });
    expect(Buffer.from(await echo.arrayBuffer()).equals(body)).toBe(true);
    expect(echo.headers.get('x-seen')).toBe('POST /echo 200');
    expect(await (await app.fetch('fresh?a=1&a=2&b')).json()).toEqual({
      ip: '127.0.0.1',
      query: { a: ['1', '2'], b: '' },
    });
    const fresh = await app.fetch('fresh', {
      cache: 'no-store',
      headers: { 'If-None-Match': '"one"', 'Cache-Control': 'max-age=0' },
    });
    expect([fresh.status, fresh.headers.get('x-seen')]).toEqual([304, 'GET /fresh 304']);
  });

  test('signed cookies', async () => {
    const first = await app.fetch('cookies');
    const set = first.headers.getSetCookie().map((line) => line.split(';')[0]!);
    expect([await first.text(), set.map((pair) => pair.split('=')[0])]).toEqual(['none', ['a', 'a.sig', 'b']]);
    expect(await (await app.fetch('cookies', { headers: { Cookie: set.join('; ') } })).text()).toBe('1');
  });

  test('what is thrown, and what is not there', async () => {
    const answers = await Promise.all(
      ['teapot', 'broken', 'nowhere'].map(async (path) => {
        const response = await app.fetch(path);
        return [response.status, await response.text()];
      }),
    );
    expect(answers).toEqual([
      [418, 'short and stout'],
      [500, 'Internal Server Error'],
      [404, 'Not Found'],
    ]);
  });

  test('a stream ends when its visitor leaves', async () => {
    const leaving = new AbortController();
    const closed = once(events, 'closed');
    const next = piecesOf(await app.fetch('endless', { signal: leaving.signal }));
    expect(await next()).toContain('again and again and ');
    leaving.abort();
    await closed;
  });
});
