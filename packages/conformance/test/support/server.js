// Child process: a server that does not listen, as target TARGET of GATEWAY.

import { connect } from '@reverse-http/connector/node';
import { createTestServer } from './test-server.js';

const { GATEWAY = '', TARGET = 'A', TOKEN = 'secret', TRANSPORT = 'auto' } = process.env;
const connection = connect(createTestServer(), {
  gateway: GATEWAY,
  target: TARGET,
  token: TOKEN,
  replica: process.env.REPLICA ?? 'one',
  transport: /** @type {'auto' | 'websocket' | 'poll'} */ (TRANSPORT),
});
const { url } = await connection.ready;
console.log(JSON.stringify({ url }));
