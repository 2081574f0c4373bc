// Child process: many connectors, each with a session and a target of its own, all in front of the same small server.

import { type Connection, connect } from '@reverse-http/connector/node';
import { createServer } from './create-server.js';
import { deviceId } from './device-id.js';
import { reportReady } from './report-ready.js';

// As many as dial at a time: more would only overflow the queue of connections that the gateway has not accepted yet.
const atOnce = 100;

const count = Number(process.env.BENCH_COUNT);
const server = createServer();
const connections: Connection[] = [];
while (connections.length < count) {
  const next = Array.from({ length: Math.min(atOnce, count - connections.length) }, (_, index) =>
    connect(server, {
      gateway: process.env.BENCH_GATEWAY ?? '',
      target: deviceId(connections.length + index),
      token: process.env.BENCH_TOKEN ?? '',
      transport: process.env.BENCH_TRANSPORT === 'poll' ? 'poll' : 'websocket',
    }),
  );
  await Promise.all(next.map(({ ready }) => ready));
  connections.push(...next);
}

async function leave(): Promise<object> {
  await Promise.all(connections.map((connection) => connection.close()));
  return {};
}
reportReady({}, { leave });
