import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { BenchError } from '../bench-error.js';
import { PatternCheck, writePattern } from './pattern.js';

/** Which way a body goes: from the server to the visitor, or the other way. */
export type Direction = 'down' | 'up';

/** Moves one body of the pattern over a connection of its own and checks it; resolves with the time that it took, ms. */
export async function transfer(url: URL, direction: Direction, bytes: number, signal: AbortSignal): Promise<number> {
  const began = performance.now();
  await (direction === 'down' ? download(url, bytes, signal) : upload(url, bytes, signal));
  return performance.now() - began;
}

async function download(url: URL, bytes: number, signal: AbortSignal): Promise<void> {
  const asked = request(new URL(`?stream=${bytes}`, url), { agent: false, signal }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const check = new PatternCheck();
  answer.on('data', (piece: Buffer) => check.take(piece));
  await once(answer, 'end');
  if (answer.statusCode !== 200 || !check.isWhole(bytes)) throw wrong(url, `answered ${answer.statusCode}`);
}

async function upload(url: URL, bytes: number, signal: AbortSignal): Promise<void> {
  const headers = { 'Content-Length': bytes, 'Content-Type': 'application/octet-stream' };
  const asked = request(new URL(`?check=${bytes}`, url), { method: 'POST', agent: false, signal, headers });
  writePattern(asked, bytes);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  await once(answer.resume(), 'end');
  if (answer.statusCode !== 200) throw wrong(url, `answered ${answer.statusCode}`);
}

function wrong(url: URL, what: string): BenchError {
  return new BenchError(`${url.href}: a body did not arrive as it was sent: ${what}`);
}
