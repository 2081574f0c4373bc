import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { basicAuth } from 'hono/basic-auth';
import { bodyLimit } from 'hono/body-limit';
import { compress } from 'hono/compress';
import { getCookie, setCookie } from 'hono/cookie';
import { etag } from 'hono/etag';
import { HTTPException } from 'hono/http-exception';
import { methodOverride } from 'hono/method-override';
import { streamSSE } from 'hono/streaming';
import { FormData } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Application, everyWay, piecesOf, serve } from './application.js';

/** `told` resolves when the visitor of `/events` may have the next one. */
function createApp(told: () => Promise<void>): Hono {
  const app = new Hono();
  app.use('/packed', compress());
  app.use('/tagged', etag());
  app.use('/secret', basicAuth({ username: 'ada', password: 'lovelace' }));
  app.get('/packed', (c) => c.text('All work and no play. '.repeat(10_000)));
  app.get('/tagged', (c) => c.text('tagged'));
  app.get('/secret', (c) => c.text('secret'));
  app.post('/form', async (c) => {
    const { title, file } = await c.req.parseBody();
    const { name, type, size } = file as File;
    return c.json({
      title,
      file: { name, type, size },
      bytes: Buffer.from(await (file as File).arrayBuffer()).toString('hex'),
    });
  });
  app.post('/small', bodyLimit({ maxSize: 1000 }), async (c) => c.json(await c.req.json()));
  app.use('/put/*', methodOverride({ app, header: 'X-HTTP-Method-Override' }));
  app.put('/put/it', async (c) => c.text(`put ${await c.req.text()}`));
  app.get('/cookies', (c) => {
    setCookie(c, 'a', '1');
    setCookie(c, 'b', 'x y');
    return c.json(getCookie(c));
  });
  app.get('/events', (c) =>
    streamSSE(c, async (stream) => {
      for (let id = 0; id < 3; id++) {
        await stream.writeSSE({ id: `${id}`, event: 'tick', data: 'now' });
        await told();
      }
    }),
  );
  app.get('/broken', () => {
    throw new Error('a secret');
  });
  app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.text('sorry', 500)));
  return app;
}

describe.each(everyWay)('hono by $transport, $route route', (way) => {
  let app: Application;
  let tell = (): void => {};
  const told = (): Promise<void> =>
    new Promise((resolve) => {
      tell = resolve;
    });
  beforeAll(async () => {
    app = await serve(createApp(told), way);
  });
  afterAll(() => app.close());

  test('its own middleware: compress, etag, basicAuth, cookies', async () => {
    const packed = await app.fetch('packed', { headers: { 'Accept-Encoding': 'gzip' } });
    expect([packed.headers.get('content-encoding'), (await packed.text()).length]).toEqual(['gzip', 220_000]);
    const tag = (await app.fetch('tagged')).headers.get('etag')!;
    expect((await app.fetch('tagged', { headers: { 'If-None-Match': tag } })).status).toBe(304);
    const refused = await app.fetch('secret');
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="Secure Area"']);
    const Authorization = `Basic ${btoa('ada:lovelace')}`;
    expect(await (await app.fetch('secret', { headers: { Authorization } })).text()).toBe('secret');
    const cookies = await app.fetch('cookies', { headers: { Cookie: 'c=3; d=4' } });
    expect([cookies.headers.getSetCookie().length, await cookies.json()]).toEqual([2, { c: '3', d: '4' }]);
  });

  test('middleware that makes a new request of the one it got', async () => {
    const overridden = await app.fetch('put/it', {
      method: 'POST',
      headers: { 'X-HTTP-Method-Override': 'PUT' },
      body: 'x',
    });
    expect(await overridden.text()).toBe('put x');
    // Chunked: bodyLimit counts what comes.
    const chunked = (count: number) => ({
      method: 'POST',
      body: new Response(`"${'x'.repeat(count)}"`).body,
      duplex: 'half' as const,
    });
    expect(await (await app.fetch('small', chunked(900))).json()).toBe('x'.repeat(900));
    expect((await app.fetch('small', chunked(2000))).status).toBe(413);
  });

  test('forms, JSON, too much of it, what is thrown', async () => {
    const bytes = randomBytes(200_000);
    const form = new FormData();
    form.set('title', 'Größe');
    form.set('file', new File([bytes], 'größe.bin', { type: 'application/x-bin' }));
    expect(await (await app.fetch('form', { method: 'POST', body: form })).json()).toEqual({
      title: 'Größe',
      file: { name: 'größe.bin', type: 'application/x-bin', size: bytes.length },
      bytes: bytes.toString('hex'),
    });
    const post = (body: string): ReturnType<Application['fetch']> => app.fetch('small', { method: 'POST', body });
    expect(await (await post('{"a":[1,2]}')).json()).toEqual({ a: [1, 2] });
    expect((await post(JSON.stringify('x'.repeat(2000)))).status).toBe(413);
    const broken = await app.fetch('broken');
    expect([broken.status, await broken.text()]).toEqual([500, 'sorry']);
  });

  test('events, each when it is written', async () => {
    const next = piecesOf(await app.fetch('events'));
    for (let id = 0; id < 3; id++) {
      let event = '';
      while (!event.endsWith('\n\n')) event += await next();
      expect(event).toBe(`event: tick\ndata: now\nid: ${id}\n\n`);
      tell();
    }
    expect(await next()).toBe('');
  });
});
