// Child process: the same server behind a gateway, reached through its connector only. It never listens.

import { connect } from '@reverse-http/connector/node';
import { createServer } from './create-server.js';
import { reportReady } from './report-ready.js';

const connection = connect(createServer(), {
  gateway: process.env.BENCH_GATEWAY ?? '',
  target: process.env.BENCH_TARGET ?? '',
  token: process.env.BENCH_TOKEN ?? '',
  transport: process.env.BENCH_TRANSPORT === 'poll' ? 'poll' : 'websocket',
});
const { url } = await connection.ready;
reportReady({ url });
