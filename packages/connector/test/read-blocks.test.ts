import { createHash } from 'node:crypto';
import type { AddressInfo, NetConnectOpts } from 'node:net';
import { expect, test } from 'vitest';
import WebSocket, { type ClientOptions, WebSocketServer } from 'ws';
import { createBlockReads } from '../src/node/transport/read-blocks.js';

/** Sends messages to a WebSocket that is read into blocks; what they are made of, and in how many pieces of memory they lay. */
async function transfer(send: (server: WebSocket) => Promise<void>): Promise<{ sum: string; memories: number }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await new Promise((resolve) => server.on('listening', resolve));
  server.on('connection', (socket) => void send(socket).then(() => socket.close()));
  const blocks = createBlockReads();
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    perMessageDeflate: false,
    createConnection: ((where: NetConnectOpts) => blocks.connect(where)) as ClientOptions['createConnection'],
  });
  const hash = createHash('sha256');
  const memories = new Set<ArrayBufferLike>();
  let count = 0;
  socket.on('message', (bytes: Buffer) => {
    hash.update(bytes);
    memories.add(bytes.buffer);
    blocks.used(bytes.length);
    // One that falls behind now and then.
    if (++count % 50 !== 0) return;
    socket.pause();
    setTimeout(() => socket.resume(), 1);
  });
  await new Promise((resolve) => socket.on('close', resolve));
  await new Promise((resolve) => server.close(resolve));
  return { sum: hash.digest('hex'), memories: memories.size };
}

const total = 40 * 1024 * 1024;
/** Never the same in two places that could be taken for each other. */
const pattern = Buffer.alloc(total);
for (let at = 0; at < total; at += 4) pattern.writeUInt32LE(at, at);
const expected = createHash('sha256').update(pattern).digest('hex');

function* messages(sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, i = 0; at < total; i++) {
    const size = sizes[i % sizes.length]!;
    yield pattern.subarray(at, at + size);
    at += size;
  }
}

const left = (server: WebSocket, bytes: Buffer): Promise<void> =>
  new Promise((resolve) => server.send(bytes, () => resolve()));

test('what came is read as it was sent, in memory that serves again', async () => {
  const { sum, memories } = await transfer(async (server) => {
    for (const message of messages([65_000, 262_144, 7, 125, 126, 65_535, 65_536, 40_000])) await left(server, message);
  });
  expect(sum).toBe(expected);
  // Its blocks, and a message joined at the end of one now and then; each read by itself would be over 600.
  expect(memories).toBeLessThan(150);
});

test('what is no message makes blocks serve again later, never too early', async () => {
  const { sum } = await transfer(async (server) => {
    for (const message of messages([70_000, 70_000, 70_000, 1_000_000, 65_536, 3000])) {
      server.ping(Buffer.alloc(100));
      const middle = message.length >>> 1;
      server.send(message.subarray(0, middle), { fin: false });
      await new Promise<void>((resolve) => server.send(message.subarray(middle), { fin: true }, () => resolve()));
    }
  });
  expect(sum).toBe(expected);
});
