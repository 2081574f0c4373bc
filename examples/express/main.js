// An unmodified Express application behind a gateway: node examples/express/main.js

import { connect } from '@reverse-http/connector/node';
import express from 'express';
import { findGateway } from '../gateway.js';

const { gateway, token, drainOnCtrlC } = await findGateway();
const connection = connect(createApp(), { gateway, token, target: 'express' }); // Where app.listen(3000) stood.

const { url } = await connection.ready;
console.log(`Express   ${url}`);
console.log(`Try       curl ${url}users/7`);
console.log(`          curl ${url}users --json '{"name":"Grace"}'`);
drainOnCtrlC(() => connection.close());

function createApp() {
  const users = new Map([['7', { id: '7', name: 'Ada' }]]);
  const app = express();
  app.use(express.json());

  // Links are relative, so that they hold wherever the gateway puts the application: below a prefix or under a name of its own.
  app.get('/', (_request, response) => {
    response.type('html').send('<!doctype html><title>Express</title><a href="users/7">User 7</a>\n');
  });

  app.get('/users/:id', (request, response) => {
    const user = users.get(request.params.id);
    if (user) response.json(user);
    else response.status(404).json({ error: `There is no user ${request.params.id}.` });
  });

  app.post('/users', (request, response) => {
    const user = { id: String(users.size + 7), name: String(request.body.name) };
    users.set(user.id, user);
    response.status(201).json(user);
  });

  // The visitor's address, as if the application listened itself.
  app.get('/me', (request, response) =>
    response.json({ address: request.ip, prefix: request.get('x-forwarded-prefix') }),
  );
  return app;
}
