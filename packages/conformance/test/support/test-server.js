import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { WebSocketServer } from 'ws';

const pieceBytes = 64 * 1024;

/**
 * Bytes that are the same for everybody: every eighth is a counter, so that a piece that is lost, doubled or moved changes them.
 *
 * @param {number} total
 */
export function* patternedBytes(total) {
  for (let at = 0; at < total; at += pieceBytes) {
    const piece = Buffer.alloc(Math.min(pieceBytes, total - at));
    for (let i = 0; i + 8 <= piece.length; i += 8) piece.writeUIntBE((at + i) / 8, i, 6);
    yield piece;
  }
}

/** @param {number} total */
export function hashOfPattern(total) {
  const hash = createHash('sha256');
  for (const piece of patternedBytes(total)) hash.update(piece);
  return hash.digest('hex');
}

/**
 * A server with a path for each thing that tests ask for.
 *
 * @returns {import('node:http').Server}
 */
export function createTestServer() {
  /** @type {Map<string, import('node:http').ServerResponse>} */
  const streams = new Map();
  const written = { bytes: 0 };
  let running = 0;

  /** @type {Record<string, (request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse, query: URLSearchParams) => void>} */
  const paths = {
    '/hello': (_request, response) => response.end('hello'),
    '/pid': (_request, response) => response.end(String(process.pid)),
    '/down': (_request, response, query) => {
      const total = Number(query.get('bytes'));
      response.writeHead(200, query.has('chunked') ? {} : { 'Content-Length': total });
      pipeline(Readable.from(patternedBytes(total)), response, () => {});
    },
    '/up': (request, response) => {
      const hash = createHash('sha256');
      request.on('data', (piece) => hash.update(piece));
      request.on('end', () => response.end(hash.digest('hex')));
    },
    '/flood': (_request, response) => {
      const piece = Buffer.alloc(pieceBytes);
      const go = () => {
        let more = true;
        while (more && !response.destroyed) {
          written.bytes += piece.length;
          more = response.write(piece);
        }
      };
      response.on('drain', go);
      go();
    },
    '/written': (_request, response) => response.end(String(written.bytes)),
    // An event stream, and a request that makes it say something.
    '/events': (_request, response, query) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
      streams.set(query.get('id') ?? '', response);
    },
    '/say': (_request, response, query) => {
      streams.get(query.get('id') ?? '')?.write(`data: ${query.get('text')}\n\n`);
      response.end();
    },
    // How many other requests have not ended.
    '/running': (_request, response) => response.end(String(running - 1)),
    '/throw': () => {
      throw new Error('the handler fails');
    },
    '/break-off': (request, response) => {
      response.writeHead(200, { 'Content-Length': 100 });
      response.write('a beginning');
      // What asks for it has seen the beginning.
      streams.set('break-off', response);
      request.on('close', () => streams.delete('break-off'));
    },
    '/break': (_request, response) => {
      streams.get('break-off')?.destroy();
      response.end();
    },
    '/never': () => {},
  };

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const serve = paths[pathname];
    running++;
    response.on('close', () => running--);
    if (serve) serve(request, response, searchParams);
    else response.writeHead(404).end();
  });
  new WebSocketServer({ server, path: '/echo' }).on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return server;
}
