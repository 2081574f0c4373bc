// Child process: a server that does not listen, as TARGET of GATEWAY; as TARGET-0, TARGET-1 .. when there are COUNT of them, each by a
// connection of its own. SIGTERM drains it. Tells the parent of each request that has an id as it begins.

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Connection, connect } from '@reverse-http/connector/node';
import { createTestServer } from '../../support/test-server.js';
import { answerParent } from './facts.js';

const { GATEWAY = '', TARGET = 'A', TRANSPORT = 'websocket', REPLICA = 'one', COUNT = '1' } = process.env;
const others = createTestServer();

const paths: Record<string, (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => void> = {
  // `bytes` bytes of the id, after `ms`.
  '/answer': (request, response, query) => {
    const body = Buffer.alloc(Number(query.get('bytes')), String(request.headers['x-id']));
    setTimeout(() => response.end(body), Number(query.get('ms')));
  },
  '/hash': (request, response, query) => {
    const hash = createHash('sha256');
    request.on('data', (piece: Buffer) => hash.update(piece));
    request.on('end', () => setTimeout(() => response.end(hash.digest('hex')), Number(query.get('ms'))));
  },
  // So many numbered lines, one each `ms`: a slow download when the length is known, else an event stream.
  '/lines': (_request, response, query) => {
    const count = Number(query.get('count'));
    response.writeHead(200, query.has('length') ? { 'Content-Length': count * 8 } : {});
    let next = 0;
    const timer = setInterval(
      () => {
        response.write(`${String(next++).padStart(7)}\n`);
        if (next < count) return;
        clearInterval(timer);
        response.end();
      },
      Number(query.get('ms')),
    );
    response.on('close', () => clearInterval(timer));
  },
};

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
  const id = request.headers['x-id'];
  if (id !== undefined) process.send!({ began: id });
  response.setHeader('X-Served-By', process.pid);
  const serve = paths[pathname];
  if (serve) serve(request, response, searchParams);
  else others.emit('request', request, response);
});
server.on('upgrade', (...upgrade) => others.emit('upgrade', ...upgrade));

const count = Number(COUNT);
const connections: Connection[] = [];
for (let i = 0; i < count; i++) {
  const target = count === 1 ? TARGET : `${TARGET}-${i}`;
  const transport = TRANSPORT as 'websocket' | 'poll';
  connections.push(
    connect(server, { gateway: GATEWAY, target, token: 'secret', replica: REPLICA, transport, logger: false }),
  );
}
answerParent({ ready: () => connections.filter(({ state }) => state.state === 'ready').length });
process.once('SIGTERM', async () => {
  await Promise.all(connections.map((connection) => connection.close()));
  process.exit();
});
await Promise.all(connections.map(({ ready }) => ready));
console.log(JSON.stringify({ pid: String(process.pid) }));
