// A plain http.Server behind a gateway: node examples/http/main.js

import { createServer } from 'node:http';
import { connect } from '@reverse-http/connector/node';
import { findGateway } from '../gateway.js';

const { gateway, token, drainOnCtrlC } = await findGateway();
const server = createServer(answer);
const connection = connect(server, { gateway, token, target: 'http' }); // Where server.listen(3000) stood; both work side by side, too.

const { url } = await connection.ready;
console.log(`Server    ${url}`);
console.log(`Try       curl ${url}`);
console.log(`          curl -d 'some text' ${url}echo`);
drainOnCtrlC(() => connection.close());

function answer(request, response) {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (pathname === '/') {
    response.setHeader('Content-Type', 'application/json');
    const { remoteAddress } = request.socket; // The visitor's.
    response.end(`${JSON.stringify({ method: request.method, url: request.url, remoteAddress })}\n`);
  } else if (pathname === '/echo') {
    response.setHeader('Content-Type', request.headers['content-type'] ?? 'application/octet-stream');
    request.pipe(response); // Back-pressure holds from visitor to visitor.
  } else {
    response.statusCode = 404;
    response.end('There is / and /echo.\n');
  }
}
