import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { bodyOf } from '@reverse-http/protocol/http1';

import { afterEach, expect, it } from 'vitest';
import type { PostOutcome } from '../src/transport/poll.js';
import { createPostByFetch } from '../src/transport/post-by-fetch.js';

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function post(url: string, body: Uint8Array = new Uint8Array(3)): Promise<[PostOutcome, number]> {
  let moved = 0;
  return new Promise((resolve) => {
    createPostByFetch(fetch)(
      url,
      bodyOf(body),
      (outcome) => resolve([outcome, moved]),
      (bytes) => {
        moved += bytes;
      },
    );
  });
}

it('sends a body with its length, and gives the answer', async () => {
  let seen: unknown;
  const url = await listen(async (req, res) => {
    const body = Buffer.concat(await req.toArray());
    seen = [req.method, req.headers['content-length'], req.headers['content-type'], req.headers.cookie];
    res.write(body);
    res.end(body);
  });
  // A view into more bytes than are to be sent.
  const [outcome, moved] = await post(url, new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 3));
  expect(outcome).toEqual({ kind: 'answer', body: new Uint8Array([2, 3, 2, 3]) });
  expect(moved).toBe(4);
  expect(seen).toEqual(['POST', '2', 'application/octet-stream', undefined]);
});

it.each([
  [413, {}, { kind: 'too-large' }],
  [404, {}, { kind: 'failed', detail: 'HTTP 404', status: 404 }],
  [503, { 'Retry-After': '7' }, { kind: 'failed', detail: 'HTTP 503', status: 503, retryAfterMs: 7000 }],
  [503, { 'Retry-After': '99999' }, { kind: 'failed', detail: 'HTTP 503', status: 503, retryAfterMs: 3_600_000 }],
  [503, { 'Retry-After': 'soon' }, { kind: 'failed', detail: 'HTTP 503', status: 503 }],
])('tells of a %i with %j', async (status, headers, expected) => {
  const url = await listen((_req, res) => res.writeHead(status, headers).end('why'));
  expect((await post(url))[0]).toEqual(expected);
});

it('follows no redirect', async () => {
  let followed = 0;
  const url = await listen((req, res) => {
    if (req.url === '/') res.writeHead(303, { Location: '/else' }).end();
    else res.end(String(++followed));
  });
  expect((await post(url))[0].kind).toBe('failed');
  expect(followed).toBe(0);
});

it('takes no answer without end', async () => {
  const url = await listen((_req, res) => {
    const piece = Buffer.alloc(1024 * 1024);
    const more = (): void => {
      while (!res.destroyed) if (!res.write(piece)) return void res.once('drain', more);
    };
    more();
  });
  const [outcome, moved] = await post(url);
  expect(outcome).toEqual({ kind: 'failed', detail: 'the answer is too long' });
  expect(moved).toBeLessThan(10 * 1024 * 1024);
});

it('tells of nobody there, of an answer that breaks off, and of what is not HTTP', async () => {
  const cut = await listen((_req, res) => {
    res.writeHead(200, { 'Content-Length': 10 });
    res.write('x', () => res.destroy());
  });
  expect((await post(cut))[0]).toMatchObject({ kind: 'failed' });
  const tcp = createTcpServer((socket) => socket.resume().end('SSH-2.0-x\r\n'));
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(tcp.address() as AddressInfo).port}/`;
  expect((await post(url))[0]).toMatchObject({ kind: 'failed', notHttp: true });
  await new Promise((resolve) => tcp.close(resolve));
  expect((await post(url))[0]).toMatchObject({ kind: 'failed', detail: expect.stringContaining('ECONNREFUSED') });
});

it('can be given up', async () => {
  let arrived: () => void = () => {};
  let left: () => void = () => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const leaving = new Promise<void>((resolve) => {
    left = resolve;
  });
  const url = await listen((req) => {
    req.resume();
    req.socket.on('close', left);
    arrived();
  });
  let told = false;
  const giveUp = createPostByFetch(fetch)(
    url,
    bodyOf(new Uint8Array(1)),
    () => {
      told = true;
    },
    () => {},
  );
  await arrival;
  giveUp();
  await leaving;
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toBe(false);
});
