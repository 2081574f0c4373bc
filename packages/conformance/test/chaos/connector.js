// Child process: the application of ./app.js as target A of GATEWAY, called in process or (HANDLER=url) forwarded to.

import { once } from 'node:events';
import { connect } from '@reverse-http/connector/node';
import { createApp } from './app.js';

const { GATEWAY = '', TRANSPORT = 'auto', SEED = '1', HANDLER = 'server' } = process.env;
const server = createApp(Number(SEED));
// The ledger is asked for here, past gateway and connector.
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());

/** @param {...unknown} words */
const tell = (...words) => console.error(new Date().toISOString(), ...words);

const connection = connect(HANDLER === 'url' ? port : server, {
  gateway: GATEWAY,
  target: 'A',
  token: 'secret',
  transport: /** @type {'auto' | 'websocket' | 'poll'} */ (TRANSPORT),
  logger: { info: tell, warn: tell, error: tell },
  onState: (state) => tell(JSON.stringify(state)),
});
await connection.ready;
console.log(JSON.stringify({ app: `http://127.0.0.1:${port}/` }));
