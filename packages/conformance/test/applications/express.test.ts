import { createHash, randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import compression from 'compression';
import express from 'express';
import session from 'express-session';
import morgan from 'morgan';
import multer from 'multer';
import serveStatic from 'serve-static';
import { FormData } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Application, everyWay, piecesOf, serve } from './application.js';

declare module 'express-session' {
  interface SessionData {
    views: number;
  }
}

const folder = fileURLToPath(new URL('../../../../examples/static-folder/public', import.meta.url));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Everything at once, as an application has it; `next` is emitted to go on with `/stream`. */
function createApp(events: EventEmitter): express.Express {
  const app = express();
  const upload = multer({ limits: { fileSize: 2_000_000 } });
  app.use(morgan('combined', { stream: { write: (line) => events.emit('line', line) } }));
  app.use(compression({ threshold: 0 }));
  app.use(session({ secret: 'a secret', resave: false, saveUninitialized: false }));
  app.use('/files', serveStatic(folder));
  app.get('/text', (_request, response) => void response.type('text').send('All work and no play. '.repeat(10_000)));
  app.get('/stream', async (_request, response) => {
    response.type('text/event-stream');
    for (let n = 0; n < 3; n++) {
      response.write(`data: ${n}\n\n`);
      response.flush();
      await once(events, 'next');
    }
    response.end();
  });
  app.post('/upload', upload.array('files'), (request, response) => {
    const files = (request.files as Express.Multer.File[]).map(({ originalname, mimetype, buffer }) => ({
      name: Buffer.from(originalname, 'latin1').toString(),
      mimetype,
      hash: sha256(buffer),
    }));
    response.json({ files, fields: { ...request.body } });
  });
  app.get('/views', (request, response) => {
    request.session.views = (request.session.views ?? 0) + 1;
    response.json(request.session.views);
  });
  app.post('/leave', (request, response) => request.session.destroy(() => response.status(204).end()));
  app.get('/never', () => events.emit('never'));
  const onError: express.ErrorRequestHandler = (error, _request, response, _next) => {
    response.status(error instanceof multer.MulterError ? 413 : 500).json({ error: error.code });
  };
  return app.use(onError);
}

describe.each(everyWay)('express by $transport, $route route', (way) => {
  let app: Application;
  const events = new EventEmitter();
  beforeAll(async () => {
    app = await serve(createApp(events), way);
  });
  afterAll(() => app.close());

  test('compression: for who takes it, and flushed pieces at once', async () => {
    const text = 'All work and no play. '.repeat(10_000);
    const packed = await app.fetch('text', { headers: { 'Accept-Encoding': 'gzip' } });
    expect([packed.headers.get('content-encoding'), packed.headers.get('vary')]).toEqual(['gzip', 'Accept-Encoding']);
    expect(await packed.text()).toBe(text);
    const plain = await app.fetch('text', { headers: { 'Accept-Encoding': 'identity' } });
    expect([plain.headers.get('content-encoding'), await plain.text()]).toEqual([null, text]);

    const next = piecesOf(await app.fetch('stream', { headers: { 'Accept-Encoding': 'gzip' } }));
    for (let n = 0; n < 3; n++) {
      expect(await next()).toBe(`data: ${n}\n\n`);
      events.emit('next');
    }
    expect(await next()).toBe('');
  });

  test('serve-static: whole, in part, unchanged, only its head, not there', async () => {
    const whole = await app.fetch('files/poem.txt');
    const poem = await whole.text();
    expect([whole.headers.get('content-type'), poem.length > 100]).toEqual(['text/plain; charset=utf-8', true]);
    const identity = { 'Accept-Encoding': 'identity' };
    const part = await app.fetch('files/poem.txt', { headers: { ...identity, Range: 'bytes=5-14' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 5-14/${poem.length}`]);
    expect(await part.text()).toBe(poem.slice(5, 15));
    const unchanged = await app.fetch('files/poem.txt', {
      // `no-store`, or undici adds `no-cache`, as fetch has to.
      cache: 'no-store',
      headers: { 'If-None-Match': whole.headers.get('etag')!, 'Cache-Control': 'max-age=0' },
    });
    expect([unchanged.status, await unchanged.text()]).toEqual([304, '']);
    const head = await app.fetch('files/poem.txt', { method: 'HEAD', headers: identity });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, `${poem.length}`, '']);
    expect((await app.fetch('files/none.txt')).status).toBe(404);
    expect((await app.fetch('files/..%2fmain.js')).status).toBeGreaterThan(399);
  });

  test('multer: files and fields, and a file that is too long', async () => {
    const bytes = [randomBytes(1_500_000), randomBytes(0), randomBytes(70_000)];
    const form = new FormData();
    form.set('title', 'Größe');
    for (const [i, part] of bytes.entries()) {
      form.append('files', new File([part], `größe-${i}.bin`, { type: 'application/x-bin' }));
    }
    const answer = await (await app.fetch('upload', { method: 'POST', body: form })).json();
    expect(answer).toEqual({
      files: bytes.map((part, i) => ({
        name: `größe-${i}.bin`,
        mimetype: 'application/x-bin',
        hash: sha256(part),
      })),
      fields: { title: 'Größe' },
    });
    const tooLong = new FormData();
    tooLong.append('files', new File([randomBytes(3_000_000)], 'long.bin'));
    const refused = await app.fetch('upload', { method: 'POST', body: tooLong });
    expect([refused.status, await refused.json()]).toEqual([413, { error: 'LIMIT_FILE_SIZE' }]);
  });

  test('express-session: each visitor has one of their own', async () => {
    const enter = async (): Promise<string> => {
      const response = await app.fetch('views');
      expect(await response.json()).toBe(1);
      return response.headers.getSetCookie()[0]!.split(';')[0]!;
    };
    const [ada, grace] = await Promise.all([enter(), enter()]);
    const views = async (cookie: string): Promise<unknown> =>
      (await app.fetch('views', { headers: { Cookie: cookie } })).json();
    expect([await views(ada!), await views(ada!), await views(grace!)]).toEqual([2, 3, 2]);
    expect((await app.fetch('leave', { method: 'POST', headers: { Cookie: ada! } })).status).toBe(204);
    expect([await views(ada!), await views(grace!)]).toEqual([1, 3]);
  });

  /** The line of a request whose target has `text`; lines of those before may still be on the way. */
  async function lineOf(text: string): Promise<string> {
    for (;;) {
      const [line] = await once(events, 'line');
      if (line.includes(text)) return line;
    }
  }

  test('morgan: one line for each, and for who left before the answer', async () => {
    const headers = { Referer: 'http://before/', 'User-Agent': 'a test', 'Accept-Encoding': 'identity' };
    const line = lineOf('?a=1');
    await (await app.fetch('files/poem.txt?a=1', { headers })).text();
    expect(await line).toMatch(
      /^127\.0\.0\.1 - - \[.+\] "GET \/files\/poem\.txt\?a=1 HTTP\/1\.1" 200 \d+ "http:\/\/before\/" "a test"\n$/,
    );
    const leaving = new AbortController();
    const asked = once(events, 'never');
    const answer = app.fetch('never', { signal: leaving.signal });
    await asked;
    const left = lineOf('/never');
    leaving.abort();
    await expect(answer).rejects.toThrow('abort');
    expect(await left).toMatch(/"GET \/never HTTP\/1\.1" - - /);
  });
});
