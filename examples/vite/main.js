// Vite's development server behind a gateway, hot replacement of modules included: node examples/vite/main.js
//
// Vite's pages ask for absolute paths such as /@vite/client, so they want a host name of their own, not a path prefix.

import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { connect } from '@reverse-http/connector/node';
import { createServer as createVite } from 'vite';
import { findGateway } from '../gateway.js';

const { gateway, token, drainOnCtrlC } = await findGateway();
const server = createServer((request, response) => vite.middlewares(request, response));
const vite = await createVite({
  root: fileURLToPath(new URL('app', import.meta.url)),
  // `hmr.server`: the page's WebSocket arrives at the same server. Which Host is served is the gateway's to say, and nothing else gets here.
  server: { middlewareMode: true, hmr: { server }, allowedHosts: true },
});
const connection = connect(server, { gateway, token, target: 'vite' });

const { urls } = await connection.ready;
const url = urls.find((one) => new URL(one).pathname === '/');
if (!url) throw new Error(`This gateway has no host names for targets, only ${urls.join(' ')}; Vite wants one.`);
console.log(`Vite      ${url}`);
console.log(`Try       curl ${url}`);
console.log('          open it in a browser and edit examples/vite/app/clock.js');
drainOnCtrlC(
  () => vite.close(),
  () => connection.close(),
);
