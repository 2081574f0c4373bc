import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { HELLO_BODY } from '../subjects/create-server.js';
import { nowMs } from './now-ms.js';
import { OpenLoop, percentile } from './open-loop.js';

/** A load at a fixed rate. */
export interface PacedLoad {
  readonly url: URL;
  /** Sent as it is; the small answer is expected. */
  readonly request: string;
  readonly perSecond: number;
  readonly seconds: number;
  /** Keep-alive connections. */
  readonly visitors: number;
  readonly signal: AbortSignal;
}

/** What came out of it. */
export interface PacedResult {
  readonly figures: Readonly<Record<'p50 ms' | 'p99 ms' | 'p99.9 ms', number>>;
  readonly requests: number;
  readonly errors: number;
}

/** What has no answer this long after the last one was due is an error, ms. */
const graceMs = 5_000;

/** Sends requests when they are due, and tells how long each took from then on. */
export async function runPacedLoad({
  url,
  request,
  perSecond,
  seconds,
  visitors,
  signal,
}: PacedLoad): Promise<PacedResult> {
  const loop = new OpenLoop(visitors);
  const count = perSecond * seconds;
  let wrong = 0;
  let finish: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });

  const sockets = await Promise.all(Array.from({ length: visitors }, () => open(url)));
  sockets.forEach((socket, visitor) => {
    let answer = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
      if (!answer.endsWith(HELLO_BODY)) return;
      if (!answer.startsWith('HTTP/1.1 200 ')) wrong++;
      answer = '';
      if (loop.answered(visitor, nowMs())) socket.write(request);
      if (loop.latencies.length === count) finish();
    });
  });

  const pacer = new Worker(new URL('./pacer.js', import.meta.url), { workerData: { perSecond, count } });
  pacer.on('message', (dueAt: number) => {
    const visitor = loop.due(dueAt);
    if (visitor !== undefined) sockets[visitor]!.write(request);
  });
  await Promise.race([finished, pause(seconds * 1000 + graceMs, undefined, { signal, ref: false })]);
  await pacer.terminate();
  for (const socket of sockets) socket.destroy();

  const sorted = Float64Array.from(loop.latencies).sort();
  const missing = count - sorted.length;
  const at = (percent: number): number => (sorted.length === 0 ? Number.NaN : percentile(sorted, percent));
  return {
    figures: { 'p50 ms': at(50), 'p99 ms': at(99), 'p99.9 ms': at(99.9) },
    requests: sorted.length,
    errors: wrong + missing,
  };
}

async function open(url: URL): Promise<Socket> {
  const socket = connect({ port: Number(url.port), host: url.hostname, noDelay: true });
  await once(socket, 'connect');
  return socket.on('error', () => {}); // what it does not answer is counted
}
