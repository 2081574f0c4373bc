// A chat over WebSockets, by an unmodified `ws` server behind a gateway: node examples/websocket-chat/main.js

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from '@reverse-http/connector/node';
import { WebSocketServer } from 'ws';
import { findGateway } from '../gateway.js';

const page = readFileSync(new URL('page.html', import.meta.url));
const server = createServer((_request, response) =>
  response.setHeader('Content-Type', 'text/html; charset=utf-8').end(page),
);
const chat = new WebSocketServer({ server, path: '/chat', maxPayload: 4096 });

const { gateway, token, drainOnCtrlC } = await findGateway();
const connection = connect(server, { gateway, token, target: 'chat' }); // The sockets come through it, too.

let guests = 0;
chat.on('connection', (socket) => {
  const name = `Guest ${++guests}`;
  tell(`${name} came in.`);
  socket.on('message', (text) => tell(`${name}: ${text}`));
  socket.on('close', () => tell(`${name} left.`));
  socket.on('error', () => socket.terminate()); // Sent more than a chat has to say, or what is no WebSocket.
});

const { url } = await connection.ready;
console.log(`Chat      ${url}`);
console.log(`Try       open it in two windows; or: curl ${url}`);
drainOnCtrlC(goodbye, () => connection.close());

function tell(text) {
  for (const client of chat.clients) client.send(text);
}

function goodbye() {
  for (const client of chat.clients) client.close(1001, 'The server is closing.');
}
