import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NodeHandler } from '@reverse-http/connector/node';
import { createServer as createVite, type InlineConfig, type ViteDevServer } from 'vite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Application, serve } from './application.js';

const example = fileURLToPath(new URL('../../../../examples/vite/app', import.meta.url));
let root: string;
let vite: ViteDevServer;
let app: Application;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'vite-test-'));
  await cp(example, root, { recursive: true });
});
afterEach(async () => {
  await app.close();
  await vite.close();
  await rm(root, { recursive: true });
});

const config = (): InlineConfig => ({ root, configFile: false, logLevel: 'silent', cacheDir: join(root, '.vite') });

/** As middleware of a server that does not listen. */
async function inProcess(): Promise<NodeHandler> {
  const server = createServer((request, response) => vite.middlewares(request, response));
  vite = await createVite({ ...config(), server: { middlewareMode: true, hmr: { server }, allowedHosts: true } });
  return server;
}

/** As the command `vite` runs it. */
async function listening(): Promise<NodeHandler> {
  vite = await createVite({ ...config(), server: { host: '127.0.0.1', port: 0, strictPort: true } });
  await vite.listen();
  const { port } = vite.httpServer!.address() as { port: number };
  return `http://127.0.0.1:${port}`;
}

test.each([
  ['in the process', 'websocket', inProcess],
  ['in the process', 'poll', inProcess],
  ['forwarded to', 'websocket', listening],
  ['forwarded to', 'poll', listening],
] as const)('vite %s, by %s: pages, modules, a module replaced while it runs', async (_where, transport, start) => {
  app = await serve(await start(), { transport, route: 'host' });
  expect(await (await app.fetch('')).text()).toContain('<script type="module" src="/@vite/client">');
  expect(await (await app.fetch('clock.js')).text()).toContain(
    'import.meta.hot = __vite__createHotContext("/clock.js")',
  );
  const client = await (await app.fetch('@vite/client')).text();
  const token = /const wsToken = "([^"]+)"/.exec(client)![1];
  const socket = new WebSocket(`${app.url.replace('http', 'ws')}?token=${token}`, 'vite-hmr');
  const next = async (): Promise<unknown> => JSON.parse(String((await once(socket, 'message'))[0]));
  expect(await next()).toEqual({ type: 'connected' });

  const file = join(root, 'clock.js');
  const source = await readFile(file, 'utf8');
  const updated = next();
  // Written until it is noticed: nothing tells when Vite has begun to watch.
  let version = 0;
  const writing = setInterval(() => writeFile(file, `${source}\n// version ${++version}\n`), 100);
  const { updates } = (await updated) as { updates: { path: string; timestamp: number }[] };
  clearInterval(writing);
  expect(updates).toMatchObject([{ type: 'js-update', path: '/clock.js' }]);
  const fresh = await app.fetch(`${updates[0]!.path}?t=${updates[0]!.timestamp}`);
  expect(await fresh.text()).toMatch(/\/\/ version \d+/);
  socket.terminate();
});
