import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { bodyOf } from '@reverse-http/protocol/http1';

import { afterEach, expect, it } from 'vitest';
import { createPost } from '../src/node/transport/post.js';
import type { Post, PostOutcome } from '../src/transport/poll.js';

/** What came in answer, with the body copied: it is valid only during the call. */
type Answer = { readonly kind: string; readonly text?: string; readonly detail?: string; readonly notHttp?: boolean };

let server: Server;
let requests: string[];
let connections: Socket[];
const post: Post = createPost();

afterEach(async () => {
  for (const socket of connections) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** A server that answers each request as `answer` says, once its body is whole. */
async function listen(answer: (socket: Socket, request: string) => void): Promise<string> {
  requests = [];
  connections = [];
  server = createServer((socket) => {
    connections.push(socket);
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      const end = text.indexOf('\r\n\r\n') + 4;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      if (end < 4 || text.length < end + length) return;
      requests.push(text);
      const request = text;
      text = '';
      answer(socket, request);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function ask(
  url: string,
  body: Uint8Array = Buffer.from('hello'),
  onMoved: (n: number) => void = () => {},
): Promise<Answer> {
  return new Promise((resolve) => {
    const done = (outcome: PostOutcome): void =>
      resolve(
        outcome.kind === 'answer' ? { kind: 'answer', text: Buffer.from(outcome.body).toString('latin1') } : outcome,
      );
    post(url, bodyOf(body), done, onMoved);
  });
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nworld';

it('asks as HTTP/1.1 does, one request after the other on one connection', async () => {
  const url = await listen((socket) => socket.write(ok));
  expect(await ask(`${url}/poll?x`)).toEqual({ kind: 'answer', text: 'world' });
  expect(await ask(`${url}/post`)).toEqual({ kind: 'answer', text: 'world' });
  const fields = `Host: ${url.slice('http://'.length)}\r\nContent-Type: application/octet-stream\r\nContent-Length: 5`;
  expect(requests).toEqual([
    `POST /poll?x HTTP/1.1\r\n${fields}\r\n\r\nhello`,
    `POST /post HTTP/1.1\r\n${fields}\r\n\r\nhello`,
  ]);
  expect(connections).toHaveLength(1);
});

it('sends bodies of every size as they are', async () => {
  const url = await listen((socket) => socket.write(ok));
  for (const size of [0, 1, 65_000, 65_536, 70_000, 3_000_000]) {
    const body = Buffer.alloc(size, String(size));
    expect(await ask(url, body)).toEqual({ kind: 'answer', text: 'world' });
    const request = requests.pop()!;
    expect(request.endsWith(body.toString('latin1'))).toBe(true);
    expect(request.length - request.indexOf('\r\n\r\n') - 4).toBe(size);
  }
});

it('reads answers whole, however they are framed and cut', async () => {
  const long = 'x'.repeat(200_000);
  const answers: readonly [string, string][] = [
    [`HTTP/1.1 200 OK\r\nContent-Length: ${long.length}\r\n\r\n${long.slice(1)}`, 'x'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwo', 'rld'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nwo\r\n3\r', '\nrld\r\n0\r\n\r\n'],
    ['HTTP/1.1 200 OK\r\nContent-Len', 'gth: 0\r\n\r\n'],
  ];
  const url = await listen((socket) => {
    const [first, rest] = answers[requests.length - 1]!;
    socket.write(first);
    setImmediate(() => socket.write(rest));
  });
  let moved = 0;
  const count = (bytes: number): void => {
    moved += bytes;
  };
  expect((await ask(url, undefined, count)).text).toBe(long);
  expect(moved).toBe(long.length);
  expect((await ask(url)).text).toBe('world');
  expect((await ask(url)).text).toBe('world');
  expect((await ask(url)).text).toBe('');
  expect(connections).toHaveLength(1);
});

it('reads one that only the end of the connection ends', async () => {
  const url = await listen((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nworld'));
  expect((await ask(url)).text).toBe('world');
});

it.each([
  ['cut off', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nworld', { kind: 'failed' }],
  ['without an answer', '', { kind: 'failed' }],
  ['of another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', { kind: 'failed', notHttp: true }],
  ['too large for somebody', 'HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n', { kind: 'too-large' }],
  ['refused', 'HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n', { kind: 'failed', status: 403, detail: 'HTTP 403' }],
])('tells of one that is %s', async (_name, answer, outcome) => {
  const url = await listen((socket) => socket.end(answer));
  expect(await ask(url)).toMatchObject(outcome);
});

it('tells of one that is longer than any gateway answers', async () => {
  const url = await listen((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n`);
    socket.write(Buffer.alloc(9_000_000));
  });
  expect(await ask(url)).toMatchObject({ kind: 'failed', detail: 'the answer is too long' });
});

it('tells of a server that does not listen', async () => {
  const url = await listen(() => {});
  await new Promise((resolve) => server.close(resolve));
  expect(await ask(url)).toMatchObject({ kind: 'failed', detail: expect.stringContaining('ECONNREFUSED') });
});

it('does not call when it was given up', async () => {
  let told = 0;
  const url = await listen((socket) => {
    giveUp();
    socket.write(ok);
    socket.on('close', () => told--);
  });
  const giveUp = post(
    url,
    bodyOf(Buffer.from('hello')),
    () => told++,
    () => told++,
  );
  await expect.poll(() => told).toBe(-1);
});
