import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Bench, createBench } from './support/rhttp.js';
import { freePort } from './support/servers.js';

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.end());

// Nobody types a token here: it is found, as soon as there is one.
test('a connector may start before its gateway, and stays through a restart of it', async () => {
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  // It ends at the first refusal, so that a hello without the token shows.
  const connector = bench.start(['connect', '1', '--target', 'A', '--gateway', url, '--json', '--on-refused', 'exit']);
  await connector.json({ event: 'connecting', code: 'unreachable' });
  const first = await bench.gateway(['--port', port]);
  await connector.json({ event: 'ready' });

  first.signal('SIGTERM');
  expect(await first.exited).toBe(0);
  const second = await bench.gateway(['--port', port]);
  await second.json({ event: 'connected' });
  expect(connector.child.exitCode).toBeNull();
});
