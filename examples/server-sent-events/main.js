// Server-sent events through a gateway, each passed on the moment it is written: node examples/server-sent-events/main.js

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from '@reverse-http/connector/node';
import { findGateway } from '../gateway.js';

const page = readFileSync(new URL('page.html', import.meta.url));
const listeners = new Set();
let lastId = 0;

const { gateway, token, drainOnCtrlC } = await findGateway();
const connection = connect(createServer(answer), { gateway, token, target: 'events' });

const { url } = await connection.ready;
console.log(`Page      ${url}`);
console.log(`Try       curl -N ${url}events`);
console.log(`          curl -d 'Hello, all' ${url}`);
drainOnCtrlC(hangUp, () => connection.close());

async function answer(request, response) {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (pathname === '/events') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(`retry: 1000\ndata: You are listener ${listeners.size + 1}.\n\n`);
    listeners.add(response);
    response.on('close', () => listeners.delete(response)); // The visitor has left, or lost its way.
  } else if (request.method === 'POST') {
    let text = '';
    for await (const piece of request.setEncoding('utf8')) text += piece;
    const event = `id: ${++lastId}\ndata: ${text.replaceAll('\n', '\ndata: ')}\n\n`;
    for (const listener of listeners) listener.write(event);
    response.writeHead(202).end();
  } else {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page);
  }
}

/** A stream of events has no end of its own. */
function hangUp() {
  for (const listener of listeners) listener.end();
}
