// Several targets from one process over one session, each with a server of its own: node examples/several-targets/main.js

import { createServer } from 'node:http';
import { byTarget, connect } from '@reverse-http/connector/node';
import { findGateway } from '../gateway.js';

const { gateway, token, drainOnCtrlC } = await findGateway();
const rooms = { 'room-kitchen': createRoom('kitchen'), 'room-cellar': createRoom('cellar') };
const connection = connect(byTarget(rooms), { gateway, token });

await connection.ready;
for (const { target, url } of connection.targets) {
  console.log(`${target.padEnd(13)} ${url}`);
  console.log(`Try           curl ${url}`);
}
drainOnCtrlC(() => connection.close());

/** A thermostat: GET tells what it is set to, PUT sets it. */
function createRoom(name) {
  let degrees = 20;
  return createServer(async (request, response) => {
    if (request.method === 'PUT') {
      let text = '';
      for await (const piece of request.setEncoding('utf8')) text += piece;
      if (!(Number(text) >= 5 && Number(text) <= 30)) return response.writeHead(422).end('Between 5 and 30, please.\n');
      degrees = Number(text);
    }
    response.setHeader('Content-Type', 'application/json').end(`${JSON.stringify({ name, degrees })}\n`);
  });
}
