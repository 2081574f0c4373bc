import { EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Application, everyWay, serve } from './application.js';

async function createApp(events: EventEmitter): Promise<FastifyInstance> {
  const app = fastify({ bodyLimit: 100_000 });
  app.addHook('onResponse', async (request, reply) => void events.emit('response', request.url, reply.statusCode));
  app.addHook('onRequestAbort', async (request) => void events.emit('abort', request.url));
  app.addHook('onSend', async (_request, reply, payload) => {
    reply.header('X-Sent', 'yes');
    return payload;
  });
  const schema = {
    params: { type: 'object', properties: { n: { type: 'integer' } } },
    response: { 200: { type: 'object', properties: { n: { type: 'integer' }, square: { type: 'integer' } } } },
  };
  app.get<{ Params: { n: number } }>('/squares/:n', { schema }, ({ params: { n } }) => ({
    n,
    square: n * n,
    secret: 1,
  }));
  app.post('/echo', (request, reply) => reply.code(201).send(request.body));
  app.get('/lines', (_request, reply) => reply.type('text/plain').send(Readable.from(['one\n', 'two\n', 'three\n'])));
  app.get('/never', () => {
    events.emit('asked');
    return new Promise(() => {});
  });
  await app.ready();
  return app;
}

describe.each(everyWay)('fastify by $transport, $route route', (way) => {
  let app: Application;
  const events = new EventEmitter();
  beforeAll(async () => {
    app = await serve((await createApp(events)).server, way);
  });
  afterAll(() => app.close());

  test('schemas of parameters and answers, hooks around them', async () => {
    const responded = once(events, 'response');
    const square = await app.fetch('squares/12');
    expect([square.headers.get('x-sent'), await square.json()]).toEqual(['yes', { n: 12, square: 144 }]);
    expect(await responded).toEqual(['/squares/12', 200]);
    expect((await app.fetch('squares/twelve')).status).toBe(400);
    const head = await app.fetch('squares/3', { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '18', '']);
  });

  test('bodies: JSON, text, broken, too long, of an unknown type', async () => {
    const post = (body: string, type: string): ReturnType<Application['fetch']> =>
      app.fetch('echo', { method: 'POST', body, headers: { 'Content-Type': type } });
    const long = JSON.stringify({ long: 'x'.repeat(99_000) });
    const echo = await post(long, 'application/json');
    expect([echo.status, await echo.text()]).toEqual([201, long]);
    expect(await (await post('as it is', 'text/plain')).text()).toBe('as it is');
    expect((await post('{"a":', 'application/json')).status).toBe(400);
    expect((await post('x'.repeat(1_000_000), 'text/plain')).status).toBe(413);
    expect((await post('x', 'application/x-none')).status).toBe(415);
    expect((await app.fetch('echo', { method: 'PUT' })).status).toBe(404);
  });

  test('a stream, and a visitor who leaves', async () => {
    expect(await (await app.fetch('lines')).text()).toBe('one\ntwo\nthree\n');
    const leaving = new AbortController();
    const asked = once(events, 'asked');
    const answer = app.fetch('never', { signal: leaving.signal });
    await asked;
    const aborted = once(events, 'abort');
    leaving.abort();
    await expect(answer).rejects.toThrow('abort');
    expect(await aborted).toEqual(['/never']);
  });
});
