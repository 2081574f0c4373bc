import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bodyOf } from '@reverse-http/protocol/http1';

import { afterEach, expect, it } from 'vitest';
import { createPost } from '../src/node/transport/post.js';
import type { PostOutcome } from '../src/transport/poll.js';

let retryAfter = '';
const server = createServer((_req, res) => {
  res.writeHead(503, { Connection: 'close', 'Retry-After': retryAfter }).end();
});
afterEach(() => new Promise<void>((resolve) => void server.close(() => resolve())));

async function post(): Promise<PostOutcome> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve) => {
    createPost()(`http://127.0.0.1:${port}/`, bodyOf(new Uint8Array(1)), resolve, () => {});
  });
}

it('waits as long as the answer says, but an hour at most', async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const failure = { kind: 'failed', detail: 'HTTP 503', status: 503 };
  for (const [text, retryAfterMs] of [
    ['7', 7000],
    ['3601', 3_600_000],
    ['99999999999', 3_600_000],
    ['1e300', 3_600_000],
  ] as const) {
    retryAfter = text;
    expect(await post()).toEqual({ ...failure, retryAfterMs });
  }
  for (const text of ['-1', '1e999', 'Fri, 31 Dec 1999 23:59:59 GMT']) {
    retryAfter = text;
    expect(await post()).toEqual(failure);
  }
});

it('repeats what was given up on a fresh connection, for the kept ones may be dead too', async () => {
  const sockets = new Set<unknown>();
  const silent = createServer((req, res) => {
    sockets.add(req.socket);
    if (req.url !== '/silence') res.end('x');
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const send = createPost();
  const answered = (path: string): Promise<PostOutcome> =>
    new Promise((resolve) => void send(url + path, bodyOf(new Uint8Array(1)), resolve, () => {}));
  await Promise.all([answered('/one'), answered('/two')]);
  expect(sockets.size).toBe(2);
  const asked = new Promise<void>((resolve) => silent.once('request', () => resolve()));
  const giveUp = send(
    `${url}/silence`,
    bodyOf(new Uint8Array(1)),
    () => {},
    () => {},
  );
  await asked;
  giveUp();
  expect(await answered('/three')).toMatchObject({ kind: 'answer' });
  expect(sockets.size).toBe(3);
  silent.closeAllConnections();
  await new Promise((resolve) => silent.close(resolve));
});
