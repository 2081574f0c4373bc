// A fetch handler behind a gateway: node examples/fetch/main.js
//
// This entry of the connector depends on nothing, not even on Node: the same lines run in browsers, Deno and Bun. Node 20 has no
// WebSocket of its own, so the connection polls there, unless it is given one, as here.

import { connect } from '@reverse-http/connector';
import { WebSocket } from 'ws';
import { findGateway } from '../gateway.js';

const { gateway, token, drainOnCtrlC } = await findGateway();
const connection = connect(answer, { gateway, token, target: 'fetch', WebSocket });

const { url } = await connection.ready;
console.log(`Handler   ${url}`);
console.log(`Try       curl ${url}`);
console.log(`          curl -d 'some text' ${url}shout`);
drainOnCtrlC(() => connection.close({ graceMs: 1000 }));

async function answer(request, { peer, target, signal }) {
  const { pathname } = new URL(request.url);
  switch (pathname) {
    case '/':
      return Response.json({ target, visitor: peer.address, agent: request.headers.get('user-agent') });
    case '/shout':
      return new Response((await request.text()).toUpperCase());
    case '/ticks':
      return new Response(ticks(signal), { headers: { 'Content-Type': 'text/plain' } });
    default:
      return new Response('There is /, /shout and /ticks.\n', { status: 404 });
  }
}

/** A line a second, until the visitor has left: then `signal` is aborted. */
function ticks(signal) {
  return new ReadableStream({
    start(controller) {
      const tick = () => controller.enqueue(new TextEncoder().encode(`${new Date().toISOString()}\n`));
      tick();
      const timer = setInterval(tick, 1000);
      signal.addEventListener('abort', () => clearInterval(timer));
    },
  });
}
