// An unmodified Hono application behind a gateway: node examples/hono/main.js

import { connect } from '@reverse-http/connector/node';
import { Hono } from 'hono';
import { streamText } from 'hono/streaming';
import { findGateway } from '../gateway.js';

const { gateway, token, drainOnCtrlC } = await findGateway();
const connection = connect(createApp(), { gateway, token, target: 'hono' }); // Anything with a fetch method will do.

const { url } = await connection.ready;
console.log(`Hono      ${url}`);
console.log(`Try       curl ${url}hello/World`);
console.log(`          curl -N ${url}countdown`);
drainOnCtrlC(() => connection.close());

function createApp() {
  const app = new Hono();

  app.get('/', (context) => context.html('<!doctype html><title>Hono</title><a href="hello/World">Hello</a>\n'));

  app.get('/hello/:name', (context) => context.json({ hello: context.req.param('name') }));

  app.post('/sum', async (context) => {
    const { numbers } = await context.req.json();
    return context.json({ sum: numbers.reduce((sum, n) => sum + n, 0) });
  });

  app.get('/countdown', (context) =>
    streamText(context, async (stream) => {
      for (let n = 3; n > 0; n--) {
        await stream.writeln(String(n));
        await stream.sleep(200);
      }
      await stream.writeln('Lift-off');
    }),
  );
  return app;
}
