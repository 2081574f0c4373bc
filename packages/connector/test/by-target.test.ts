import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { resolveConnectOptions } from '../src/connect-options.js';
import { acceptorOf } from '../src/node/handler/acceptor-of.js';
import { byTarget } from '../src/node/handler/by-target.js';
import type { OriginOptions } from '../src/node/origin/origin-options.js';
import { createNodeRuntime } from '../src/node/runtime.js';
import { createMemoryPair, type MemoryPair } from './harness/memory-pair.js';

let pair: MemoryPair;
afterEach(() => pair.close());

function serve(handlers: Parameters<typeof byTarget>[0], origin?: OriginOptions): MemoryPair {
  const target = Object.keys(handlers);
  const options = resolveConnectOptions<never>({ gateway: 'http://localhost', target, logger: false }, console);
  return createMemoryPair(
    acceptorOf(byTarget(handlers), { options, origin, virtual: false, runtime: createNodeRuntime() }),
  );
}

const ask = (...metadata: string[]) => pair.visit({ metadata: ['peer 203.0.113.7 51234', ...metadata] });

test('each target has its own handler, of any kind', async () => {
  pair = serve({
    'door-1': (_request, response) => void response.end('listener'),
    Camera: createServer((_request, response) => void response.end('server')),
    web: { fetch: (_request, { target }) => ({ body: `fetch for ${target}` }) },
  });
  const visits = ['door-1', 'camera', 'WEB'].map((target) => ask(`target ${target}`).done());
  expect((await Promise.all(visits)).map(({ text }) => text)).toEqual(['listener', 'server', 'fetch for WEB']);
});

test('servers that listen have options of their own, beside those for all', async () => {
  const server = createServer(({ headers }, response) => void response.end(headers.host)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  pair = serve({ a: port, b: { to: port, hostHeader: 'b.internal' } }, { hostHeader: 'all.internal' });
  const [a, b] = await Promise.all([ask('target a').done(), ask('target b').done()]);
  expect([a.text, b.text]).toEqual(['all.internal', 'b.internal']);
  server.close();
  server.closeAllConnections();
});

test('no target at all, or one twice, is no option', () => {
  expect(() => byTarget({})).toThrow('byTarget: give one target or more');
  expect(() => byTarget({ a: 1, A: 2 })).toThrow('byTarget: "A" is there twice');
});

test('one target alone need not be named', async () => {
  pair = serve({ door: (_request, response) => void response.end('door') });
  expect((await ask().done()).text).toBe('door');
});

test('a target that is not served, or none named: refused, and the rest goes on', async () => {
  pair = serve({
    a: (_request, response) => void response.end('a'),
    b: (_request, response) => void response.end('b'),
  });
  const visits = [ask('target c'), ask(), ask('scheme http', 'target b')].map((visit) => visit.done());
  const [unknown, unnamed, known] = await Promise.all(visits);
  expect([unknown!.failure?.reason, unnamed!.failure?.reason, known!.text]).toEqual([
    'bad-request',
    'bad-request',
    'b',
  ]);
});

test('it is idle when all are', async () => {
  let finish = (): void => {};
  const slow = new Promise<void>((resolve) => {
    finish = resolve;
  });
  pair = serve({
    a: (_request, response) => void response.end('a'),
    b: async (_request, response) => {
      await slow;
      response.end('b');
    },
  });
  const waiting = ask('target b');
  await ask('target a').done();
  expect(pair.acceptor.active).toBe(1);
  const idle = new Promise<void>((resolve) => {
    pair.acceptor.onIdle = resolve;
  });
  finish();
  await Promise.all([idle, waiting.done()]);
  expect(pair.acceptor.active).toBe(0);
});
