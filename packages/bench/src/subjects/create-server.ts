import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { PatternCheck, writePattern } from '../load/pattern.js';

/** How every answer to a visitor ends. */
export const HELLO_BODY = '{"message":"Hello from the server behind it","ok":true}\n';

/** One request in so many waits where that is asked for, and so long. */
const slowOneIn = 10;
const slowMs = 100;
const dripMs = 5;

/**
 * The small server that all subjects stand in front of; it does not listen yet. Without a query its answer is small, whatever
 * the method and the path; `?bytes=N` asks for one of N bytes, `?slow` for one that keeps every tenth request waiting, `?stream=N`
 * for N bytes of the pattern, `?check=N` says by its status whether the body was that, and
 * `?drip` for one that never ends.
 */
export function createServer(): Server {
  const hello = Buffer.from(HELLO_BODY);
  let asked = 0;

  const server = createHttpServer((request, response) => {
    // Only what asks for more pays for it.
    const { url = '' } = request;
    const mark = url.indexOf('?');
    if (request.method === 'GET' && mark < 0) return answer(response, hello);
    const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark));
    if (query.has('stream')) return stream(response, Number(query.get('stream')));
    if (query.has('check')) return check(request, response, Number(query.get('check')));
    if (query.has('drip')) return drip(response);
    afterBody(request, () => {
      const body = query.has('bytes') ? padded(Number(query.get('bytes'))) : hello;
      if (query.has('slow') && asked++ % slowOneIn === 0) setTimeout(() => answer(response, body), slowMs);
      else answer(response, body);
    });
  });
  // A connection that nginx keeps while the other subjects have their turn must not be closed under it.
  server.keepAliveTimeout = 600_000;
  return server;
}

function answer(response: ServerResponse, body: Buffer): void {
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    'Cache-Control': 'no-cache',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(body);
}

function stream(response: ServerResponse, bytes: number): void {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes });
  writePattern(response, bytes);
}

function check(request: IncomingMessage, response: ServerResponse, bytes: number): void {
  const seen = new PatternCheck();
  request.on('data', (piece: Buffer) => seen.take(piece));
  request.on('end', () => response.writeHead(seen.isWhole(bytes) ? 200 : 422).end());
}

/** A byte each few milliseconds, counted up. */
function drip(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
  let next = 0;
  const timer = setInterval(() => response.write(Buffer.of(next++ & 255)), dripMs);
  response.on('close', () => clearInterval(timer));
}

function afterBody(request: IncomingMessage, then: () => void): void {
  if (request.method === 'GET') return then();
  request.on('end', then).resume();
}

const paddedBySize = new Map<number, Buffer>();

function padded(bytes: number): Buffer {
  const known = paddedBySize.get(bytes) ?? Buffer.from(HELLO_BODY.padStart(bytes));
  paddedBySize.set(bytes, known);
  return known;
}
