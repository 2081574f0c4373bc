// One of the demonstration's servers: an ordinary http.Server with an ordinary WebSocketServer. It never listens; `connect` is
// all that makes it reachable.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from '@reverse-http/connector/node';
import { WebSocketServer } from 'ws';

const [name] = process.argv.slice(2);
const { GATEWAY: gateway, TOKEN: token, TRANSPORT: transport } = process.env;
const page = readFileSync(new URL('page.html', import.meta.url), 'utf8').replaceAll('{{name}}', name);
let requests = 0;

const server = createServer((request, response) => {
  requests++;
  const { pathname } = new URL(request.url, 'http://localhost');
  if (pathname === '/') send(response, 'text/html; charset=utf-8', page);
  else if (pathname === '/status')
    send(response, 'application/json', `${JSON.stringify(status(request), undefined, 2)}\n`);
  else if (pathname === '/events') streamEvents(response);
  else if (pathname === '/upload' && request.method !== 'GET') countUpload(request, response);
  else
    response
      .writeHead(404, { 'Content-Type': 'text/plain' })
      .end('There is a page at /, and /status, /events, /upload, /echo.\n');
});

// A WebSocket echo at /echo.
new WebSocketServer({ server, path: '/echo' }).on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});

function send(response, type, body) {
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) }).end(body);
}

function status(request) {
  return {
    server: name,
    pid: process.pid,
    uptimeSeconds: Math.round(process.uptime()),
    requests,
    visitor: request.socket.remoteAddress,
  };
}

function streamEvents(response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const tick = () => response.write(`data: ${JSON.stringify({ server: name, time: new Date().toISOString() })}\n\n`);
  tick();
  const timer = setInterval(tick, 1000);
  response.on('close', () => clearInterval(timer));
}

async function countUpload(request, response) {
  const started = performance.now();
  let bytes = 0;
  try {
    for await (const piece of request) bytes += piece.length;
  } catch {
    return; // The visitor left.
  }
  const seconds = (performance.now() - started) / 1000;
  send(
    response,
    'application/json',
    `${JSON.stringify({ server: name, bytes, seconds: Number(seconds.toFixed(3)) })}\n`,
  );
}

const connection = connect(server, { gateway, target: name, token, transport });
console.log(JSON.stringify(await connection.ready));

process.on('SIGINT', () => {}); // The parent hears it too and ends this process in order.
process.stdin.on('end', () => connection.close({ graceMs: 1000 }).then(() => process.exit(0))).resume();
