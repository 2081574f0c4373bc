import { expect, test } from 'vitest';
import { get, piecesOf, startExample } from './example.js';

const json = { 'Content-Type': 'application/json' };

test('express: routes, a body, an error, and the visitor as if it listened itself', async () => {
  const { url, interrupt } = await startExample('express');
  expect(await (await fetch(url)).text()).toContain('href="users/7"');
  expect(await (await fetch(`${url}users/7`)).json()).toEqual({ id: '7', name: 'Ada' });
  expect((await fetch(`${url}users/99`)).status).toBe(404);
  const created = await fetch(`${url}users`, { method: 'POST', headers: json, body: '{"name":"Grace"}' });
  expect([created.status, await created.json()]).toEqual([201, { id: '8', name: 'Grace' }]);
  expect((await fetch(`${url}users`, { method: 'POST', headers: json, body: '{"name":' })).status).toBe(400);
  expect(await (await fetch(`${url}me`)).json()).toEqual({ address: '127.0.0.1', prefix: '/gw/express' });
  const { etag } = (await get(`${url}users/7`)).headers;
  expect((await get(`${url}users/7`, { headers: { 'If-None-Match': etag! } })).status).toBe(304);
  expect(await interrupt()).toBe(0);
});

test('koa: middleware, a thrown status, a stream', async () => {
  const { url, interrupt } = await startExample('koa');
  const hello = await fetch(`${url}?a=1&b=2`);
  expect(hello.headers.get('server-timing')).toMatch(/^app;dur=/);
  expect(await hello.json()).toEqual({ hello: '127.0.0.1', query: { a: '1', b: '2' } });
  expect((await fetch(`${url}nowhere`)).status).toBe(404);
  const numbers = await (await fetch(`${url}numbers`)).text();
  expect(numbers.length).toBe(588_895);
  expect(numbers.endsWith('\n100000\n')).toBe(true);
  expect(await interrupt()).toBe(0);
});

test('fastify: a route, its schema, a body, and its own 404', async () => {
  const { url, interrupt } = await startExample('fastify');
  expect(await (await fetch(url)).json()).toEqual({ hello: '127.0.0.1' });
  expect(await (await fetch(`${url}squares/12`)).json()).toEqual({ n: 12, square: 144 });
  expect((await fetch(`${url}squares/twelve`)).status).toBe(400);
  expect(await (await fetch(`${url}nowhere`)).json()).toMatchObject({
    statusCode: 404,
    message: 'Route GET:/nowhere not found',
  });
  const echo = await fetch(`${url}echo`, { method: 'POST', headers: json, body: '{"a":[1,2]}' });
  expect([echo.status, echo.headers.get('x-length'), await echo.json()]).toEqual([201, '11', { a: [1, 2] }]);
  expect(await interrupt()).toBe(0);
});

test('hono: a page, a parameter, a body, a stream that goes on after Ctrl-C', async () => {
  const { url, interrupt } = await startExample('hono');
  const page = await fetch(url);
  expect(page.headers.get('content-type')).toMatch(/^text\/html/);
  expect(await (await fetch(`${url}hello/World`)).json()).toEqual({ hello: 'World' });
  const sum = await fetch(`${url}sum`, { method: 'POST', headers: json, body: '{"numbers":[1,2,39]}' });
  expect(await sum.json()).toEqual({ sum: 42 });
  expect((await fetch(`${url}nowhere`)).status).toBe(404);
  const next = piecesOf(await fetch(`${url}countdown`));
  let heard = await next();
  const exited = interrupt(); // What has begun is finished.
  for (let piece = await next(); piece !== ''; piece = await next()) heard += piece;
  expect(heard).toBe('3\n2\n1\nLift-off\n');
  expect(await exited).toBe(0);
});
