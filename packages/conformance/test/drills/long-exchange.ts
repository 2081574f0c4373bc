import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { sleep } from './drill.js';

/** What goes on for long: a body with a length, one without (an event stream), a WebSocket that echoes. */
export const longKinds = ['download', 'events', 'websocket'] as const;
export type LongKind = (typeof longKinds)[number];

/** How it ended: all that was to come came; or visibly not. */
export interface LongEnd {
  readonly kind: LongKind;
  readonly end: 'whole' | 'broken';
  /** Lines or messages that came, in order. */
  readonly lines: number;
  readonly ms: number;
  /** Process that answers; unknown of a WebSocket. */
  readonly by: string;
}

/** Begins an exchange in which a line comes each 100 ms, `count` of them; the first promise is of its beginning. */
export async function startLong(url: string, kind: LongKind, count: number): Promise<{ ended: Promise<LongEnd> }> {
  const from = performance.now();
  const seen = { lines: 0, by: '' };
  const done = (end: LongEnd['end']): LongEnd => ({ kind, end, ...seen, ms: performance.now() - from });
  if (kind === 'websocket') {
    const socket = new WebSocket(`${url.replace('http', 'ws')}echo`);
    await once(socket, 'open');
    return { ended: talk(socket, count, seen).then(done) };
  }
  const outgoing = get(`${url}lines?count=${count}&ms=100${kind === 'download' ? '&length' : ''}`, { agent: false });
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  seen.by = String(response.headers['x-served-by']);
  return { ended: read(response, count, seen).then(done) };
}

async function read(response: IncomingMessage, count: number, seen: { lines: number }): Promise<LongEnd['end']> {
  let text = '';
  try {
    for await (const piece of response.setEncoding('latin1')) text += piece;
  } catch {
    return 'broken';
  } finally {
    seen.lines = linesInOrder(text);
  }
  // A clean end of less is what must never be.
  if (seen.lines < count) throw new Error(`${seen.lines} of ${count} lines, and an end as if that were all`);
  return 'whole';
}

function linesInOrder(text: string): number {
  const lines = text.split('\n').slice(0, -1);
  if (lines.some((line, i) => Number(line) !== i)) throw new Error('lines are lost, doubled or out of order');
  return lines.length;
}

async function talk(socket: WebSocket, count: number, seen: { lines: number }): Promise<LongEnd['end']> {
  let wrong = false;
  socket.on('message', (data) => {
    wrong ||= String(data) !== `message ${seen.lines}`;
    seen.lines++;
  });
  socket.on('error', () => {});
  const closed = once(socket, 'close') as Promise<[code: number]>;
  for (let i = 0; i < count && socket.readyState === WebSocket.OPEN; i++) {
    socket.send(`message ${i}`);
    await sleep(100);
  }
  socket.close(1000);
  const [code] = await closed;
  if (wrong) throw new Error('messages are lost, doubled or out of order');
  if (code === 1000 && seen.lines < count) throw new Error('the WebSocket ended as if that were all');
  return code === 1000 ? 'whole' : 'broken';
}
