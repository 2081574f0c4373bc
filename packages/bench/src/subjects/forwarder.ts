// Child process: a connector that forwards to a server which listens, as `rhttp connect PORT` does.

import { connect } from '@reverse-http/connector/node';
import { reportReady } from './report-ready.js';

const connection = connect(process.env.BENCH_ORIGIN ?? '', {
  gateway: process.env.BENCH_GATEWAY ?? '',
  target: process.env.BENCH_TARGET ?? '',
  token: process.env.BENCH_TOKEN ?? '',
  transport: 'websocket',
});
const { url } = await connection.ready;
reportReady({ url });
