// Several targets from one process, each with a server and a connection of its own: node examples/several-targets/main.js

import { createServer } from 'node:http';
import { connect } from '@reverse-http/connector/node';
import { findGateway } from '../gateway.js';

const { gateway, token, drainOnCtrlC } = await findGateway();
const rooms = ['kitchen', 'cellar'].map(createRoom);
const connections = rooms.map(({ name, server }) => connect(server, { gateway, token, target: `room-${name}` }));

for (const connection of connections) {
  const { target, url } = await connection.ready;
  console.log(`${target.padEnd(13)} ${url}`);
  console.log(`Try           curl ${url}`);
}
drainOnCtrlC(() => Promise.all(connections.map((connection) => connection.close())));

/** A thermostat: GET tells what it is set to, PUT sets it. */
function createRoom(name) {
  let degrees = 20;
  const server = createServer(async (request, response) => {
    if (request.method === 'PUT') {
      let text = '';
      for await (const piece of request.setEncoding('utf8')) text += piece;
      if (!(Number(text) >= 5 && Number(text) <= 30)) return response.writeHead(422).end('Between 5 and 30, please.\n');
      degrees = Number(text);
    }
    response.setHeader('Content-Type', 'application/json').end(`${JSON.stringify({ name, degrees })}\n`);
  });
  return { name, server };
}
