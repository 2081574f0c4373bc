import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Bench, createBench, type StartedGateway } from './support/rhttp.js';
import { freePort } from './support/servers.js';

let bench: Bench;
let gateway: StartedGateway;
beforeEach(async () => {
  bench = createBench();
  gateway = await bench.gateway();
});
afterEach(() => bench.end());

const connect = async (file: string) =>
  bench.start(['connect', String(await freePort()), '--target', 'A', '--json', '--ready-file', file]);

test('--ready-file is there while it is ready, and only then', async () => {
  const file = join(bench.folder, 'ready');
  const connector = await connect('ready');
  await connector.json({ event: 'ready' });
  await until(() => existsSync(file));
  gateway.signal('SIGKILL');
  await until(() => !existsSync(file));
  connector.signal('SIGTERM');
  expect(await connector.exited).toBe(0);
});

test('--ready-file that a killed process left is gone before anything is ready', async () => {
  const file = join(bench.folder, 'ready');
  writeFileSync(file, '');
  gateway.signal('SIGKILL');
  await gateway.exited;
  const connector = await connect('ready');
  await until(() => !existsSync(file));
  connector.signal('SIGTERM');
  expect(await connector.exited).toBe(0);
});

test('--ready-file that cannot be written is told of, and written when it can be', async () => {
  const file = join(bench.folder, 'later', 'ready');
  const connector = await connect(file);
  await connector.line(/--ready-file: ENOENT.*later/);
  mkdirSync(dirname(file));
  await until(() => existsSync(file));
  connector.signal('SIGTERM');
  expect(await connector.exited).toBe(0);
});

/** What other processes do to files tells nobody: it has to be looked at. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}
