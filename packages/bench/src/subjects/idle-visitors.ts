// Child process: visitors that asked once, keep their connection, and ask again only before it is closed as idle.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { reportReady } from './report-ready.js';

const atOnce = 100;
/** The shortest that a subject keeps an idle connection is 65 s. */
const againMs = 40_000;

const url = new URL(process.env.BENCH_URL ?? '');
const count = Number(process.env.BENCH_COUNT);
const request = `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`;
const sockets: Socket[] = [];

async function open(): Promise<Socket> {
  const socket = connect(Number(url.port), url.hostname);
  socket.write(request);
  await once(socket, 'data');
  return socket.resume();
}

while (sockets.length < count) {
  const next = Array.from({ length: Math.min(atOnce, count - sockets.length) }, open);
  sockets.push(...(await Promise.all(next)));
}
let turn = 0;
setInterval(() => void sockets[turn++ % count]?.write(request), againMs / count);
reportReady({});
