import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Middleman, startMiddleman } from '../src/link/start-middleman.js';

let echo: Server;
let middleman: Middleman;
const accepted: Socket[] = [];

beforeEach(async () => {
  echo = createServer((socket) => {
    accepted.push(socket);
    socket.on('error', () => {}).pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  // Fast enough not to take time, slow enough that its queue fills.
  const link = { roundTripMs: 4, megabitsPerSecond: 4_000 };
  middleman = await startMiddleman(`http://127.0.0.1:${(echo.address() as AddressInfo).port}`, link);
});

afterEach(async () => {
  await middleman.close();
  for (const socket of accepted.splice(0)) socket.destroy();
  echo.close();
});

function visit(): Socket {
  return connect(Number(new URL(middleman.url).port), '127.0.0.1');
}

it('passes everything in order, and the end of it', async () => {
  const socket = visit();
  const sent = Buffer.from(Array.from({ length: 4 << 20 }, (_, index) => (index * 7 + (index >> 8)) & 255));
  const got: Buffer[] = [];
  socket.on('data', (piece) => got.push(piece));
  socket.end(sent);
  await once(socket, 'end');
  expect(Buffer.concat(got).equals(sent)).toBe(true);
});

it.each(['fin', 'rst'] as const)('tells both ends of a cut by %s, and lets the next one through', async (how) => {
  const socket = visit();
  const ended = new Promise((resolve) => socket.on('end', () => resolve('fin')).on('error', () => resolve('rst')));
  socket.write('a');
  await once(socket, 'data');
  const far = accepted[0]!;
  const left = new Promise((resolve) => far.on('close', resolve));
  middleman.cut(how);
  expect(await ended).toBe(how);
  await left;

  const next = visit();
  next.write('b');
  expect(String(await once(next, 'data'))).toBe('b');
  next.destroy();
});

it('says nothing of a silent cut, and lets the next one through', async () => {
  const socket = visit();
  socket.write('a');
  await once(socket, 'data');
  middleman.cut('silence');
  const heard: string[] = [];
  socket.on('data', (text) => heard.push(String(text))).on('close', () => heard.push('close'));
  socket.write('lost');

  const next = visit();
  next.write('b');
  expect(String(await once(next, 'data'))).toBe('b');
  expect(heard).toEqual([]);
  next.destroy();
  socket.destroy();
});
