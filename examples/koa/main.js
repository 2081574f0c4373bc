// An unmodified Koa application behind a gateway: node examples/koa/main.js

import { Readable } from 'node:stream';
import { connect } from '@reverse-http/connector/node';
import Koa from 'koa';
import { findGateway } from '../gateway.js';

const { gateway, token, drainOnCtrlC } = await findGateway();
const connection = connect(createApp().callback(), { gateway, token, target: 'koa' }); // Where app.listen(3000) stood.

const { url } = await connection.ready;
console.log(`Koa       ${url}`);
console.log(`Try       curl ${url}`);
console.log(`          curl ${url}numbers`);
drainOnCtrlC(() => connection.close());

function createApp() {
  const app = new Koa();

  app.use(async (context, next) => {
    const started = performance.now();
    await next();
    context.set('Server-Timing', `app;dur=${(performance.now() - started).toFixed(1)}`);
  });

  app.use((context) => {
    if (context.path === '/') context.body = { hello: context.ip, query: { ...context.query } };
    else if (context.path === '/numbers')
      context.body = Readable.from(countTo(100_000)); // Streamed: never whole in memory.
    else context.throw(404, 'There is / and /numbers.');
  });
  return app;
}

function* countTo(end) {
  for (let n = 1; n <= end; n++) yield `${n}\n`;
}
