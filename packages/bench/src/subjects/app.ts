// Child process: the server as it is without any tunnel, listening.

import type { AddressInfo } from 'node:net';
import { createServer } from './create-server.js';
import { reportReady } from './report-ready.js';

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  reportReady({ url: `http://127.0.0.1:${port}` });
});
