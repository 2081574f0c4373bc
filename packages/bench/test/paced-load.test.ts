import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
// As built: its worker thread is a file of its own.
import { runPacedLoad } from '../dist/load/paced-load.js';
import { bareGet } from '../src/load/requests.js';
import { createServer as createAppServer, HELLO_BODY } from '../src/subjects/create-server.js';

let server: Server | undefined;
afterEach(() => server?.close());

async function load(listening: Server): Promise<Awaited<ReturnType<typeof runPacedLoad>>> {
  server = listening.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const { signal } = new AbortController();
  return runPacedLoad({ url, request: bareGet(url), perSecond: 200, seconds: 1, visitors: 4, signal });
}

it('sends every request that is due, and says how long they took', async () => {
  const { requests, errors, figures } = await load(createAppServer());
  expect({ requests, errors }).toEqual({ requests: 200, errors: 0 });
  expect(figures['p50 ms']).toBeGreaterThan(0);
  expect(figures['p99.9 ms']).toBeGreaterThanOrEqual(figures['p50 ms']);
});

it('counts answers with another status', async () => {
  const headers = { 'Content-Length': HELLO_BODY.length };
  const broken = createServer((_request, response) => response.writeHead(503, headers).end(HELLO_BODY));
  expect(await load(broken)).toMatchObject({ requests: 200, errors: 200 });
});
