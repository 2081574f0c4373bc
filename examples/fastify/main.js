// An unmodified Fastify application behind a gateway: node examples/fastify/main.js

import { connect } from '@reverse-http/connector/node';
import Fastify from 'fastify';
import { findGateway } from '../gateway.js';

const { gateway, token, drainOnCtrlC } = await findGateway();
const app = createApp();
await app.ready(); // Where app.listen({ port: 3000 }) stood.
const connection = connect(app.server, { gateway, token, target: 'fastify' });

const { url } = await connection.ready;
console.log(`Fastify   ${url}`);
console.log(`Try       curl ${url}squares/12`);
console.log(`          curl ${url}squares/twelve`);
drainOnCtrlC(
  () => connection.close(),
  () => app.close(),
);

function createApp() {
  const app = Fastify();

  app.get('/', async (request) => ({ hello: request.ip }));

  const schema = { params: { type: 'object', properties: { n: { type: 'integer', minimum: 0, maximum: 1_000_000 } } } };
  app.get('/squares/:n', { schema }, async (request) => ({ n: request.params.n, square: request.params.n ** 2 }));

  app.post('/echo', async (request, reply) => {
    reply.code(201).header('X-Length', request.headers['content-length'] ?? 'not said');
    return request.body;
  });
  return app;
}
