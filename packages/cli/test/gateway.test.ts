import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Bench, createBench } from './support/rhttp.js';
import { freePort, listenHttp } from './support/servers.js';

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.end());

test('the first start makes a token, says where it is and what to type next', async () => {
  const gateway = await bench.gateway();
  expect(gateway.tokenFile).toBe(join(bench.state, 'token'));
  expect(await gateway.line(/^Token/)).toBe(`Token     ${gateway.tokenFile} (only you can read it)`);
  expect(await gateway.line(/^Next/)).toBe('Next      rhttp connect 3000 --target A');
  expect(await gateway.line(/^Gateway/)).toBe(`Gateway   ${gateway.url}`);
  expect(await gateway.line(/^Admin/)).toBe(`Admin     ${gateway.admin}`);
  const token = readFileSync(gateway.tokenFile, 'utf8').trim();
  expect(token).toMatch(/^rhttp_[0-9a-f]+_/);
  for (const name of ['token', 'tokens.json', 'admin-token', 'gateway.json']) {
    expect(statSync(join(bench.state, name)).mode & 0o077, name).toBe(0);
  }
  expect(readFileSync(join(bench.state, 'tokens.json'), 'utf8')).not.toContain(token);
});

test('the second start has the same tokens', async () => {
  const first = await bench.gateway();
  const token = readFileSync(first.tokenFile, 'utf8');
  first.signal('SIGTERM');
  expect(await first.exited).toBe(0);
  const second = await bench.gateway();
  expect(readFileSync(second.tokenFile, 'utf8')).toBe(token);
});

test('SIGTERM and SIGINT end it with 0 and leave no word of it', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const gateway = await bench.gateway();
    expect(existsSync(join(bench.state, 'gateway.json'))).toBe(true);
    gateway.signal(signal);
    expect(await gateway.exited).toBe(0);
    expect(existsSync(join(bench.state, 'gateway.json'))).toBe(false);
  }
});

test('a signal lets running requests finish, a second one does not wait', async () => {
  const slow = await listenHttp(() => {});
  const gateway = await bench.gateway();
  const connector = bench.start(['connect', String(slow.port), '--target', 'A', '--json']);
  const { url } = await connector.json({ event: 'ready' });
  const asked = new Promise((resolve) => slow.server.once('request', resolve));
  const visit = fetch(url).catch((error: unknown) => error);
  await asked;
  gateway.signal('SIGTERM');
  await gateway.line(/^Ending: 1 running request has up to 30 s/);
  expect(gateway.child.exitCode).toBeNull();
  gateway.signal('SIGTERM');
  expect(await gateway.exited).toBe(0);
  await visit;
  await slow.close();
});

test('one that died without a word is not taken for one that runs', async () => {
  const gateway = await bench.gateway();
  gateway.signal('SIGKILL');
  await gateway.exited;
  expect(existsSync(join(bench.state, 'gateway.json'))).toBe(true);
  expect((await bench.run(['status'])).err).toMatch(/^No gateway runs on this machine/);
});

test('each request is one JSON line where no person looks', async () => {
  const gateway = await bench.gateway();
  const answer = await fetch(`${gateway.url}/gw/nobody/x?secret=1`);
  const line = await gateway.json({ event: 'request' });
  expect(line.id).toBe(answer.headers.get('x-request-id'));
  expect(await answer.json()).toMatchObject({ requestId: line.id, instance: line.id });
  expect(line).toMatchObject({ method: 'GET', path: '/gw/nobody/x', status: 503, reason: 'no-connector' });
  expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT/);
  expect(line.peer).toBe('127.0.0.1');
});

test('the log section is heard', async () => {
  writeFileSync(
    join(bench.folder, 'rhttp.yaml'),
    'version: 1\nlog: { query: true, peer: off }\ndeadlines: { startGrace: off }\n',
  );
  const gateway = await bench.gateway(['--config', 'rhttp.yaml']);
  const answer = await fetch(`${gateway.url}/gw/nobody/x?q=1`);
  expect(answer.status).toBe(404);
  expect(await gateway.json({ event: 'request' })).toMatchObject({ path: '/gw/nobody/x?q=1', peer: '-' });
});

test('flags win over the file', async () => {
  const port = await freePort();
  writeFileSync(join(bench.folder, 'rhttp.yaml'), `listeners: [{ address: "127.0.0.1:${port}" }]\nadmin: off\n`);
  const plain = bench.start(['gateway', '--config', 'rhttp.yaml']);
  expect(await plain.json({ event: 'listening' })).toMatchObject({ url: `http://localhost:${port}` });
  expect((await plain.json({ event: 'listening' })).admin).toBeUndefined();
  const other = bench.start(['gateway', '--config', 'rhttp.yaml', '--port', '0', '--admin', '127.0.0.1:0']);
  const listening = await other.json({ event: 'listening' });
  expect(listening.url).not.toContain(`:${port}`);
  expect(listening.admin).toMatch(/^http:\/\//);
});

test('the environment stands for flags, and what is typed wins over it', async () => {
  const port = String(await freePort());
  const gateway = bench.start(['gateway'], { RHTTP_PORT: port, RHTTP_ADMIN: 'off' });
  expect(await gateway.json({ event: 'listening' })).toMatchObject({ url: `http://localhost:${port}` });
  const typed = bench.start(['gateway', '--port', '0'], { RHTTP_PORT: port, RHTTP_ADMIN: 'off' });
  expect((await typed.json({ event: 'listening' })).url).not.toContain(port);
});

test('--auth none must be typed, and warns', async () => {
  const gateway = bench.start(['gateway', '--port', '0', '--admin', 'off', '--auth', 'none']);
  const { tokenFile } = await gateway.json({ event: 'listening' });
  expect(tokenFile).toBeUndefined();
  expect(await gateway.line(/^Warning/)).toBe(
    'Warning: --auth none lets everybody who reaches this gateway connect as any target',
  );
  const connector = bench.start(['connect', '1', '--target', 'A', '--json']);
  await connector.json({ event: 'ready' });
});

test('a gateway for other machines says what it needs to be reached by its name', async () => {
  const gateway = bench.start(['gateway', '--host', '0.0.0.0', '--port', '0', '--admin', 'off']);
  const line = await gateway.line(/--public-url/);
  expect(line).toMatch(/^Visitors from other machines get 421 until the gateway knows its name/);
  const named = await bench.gateway(['--host', '0.0.0.0', '--public-url', 'http://192.0.2.7:8080']);
  expect(named.url).toBe('http://192.0.2.7:8080');
  expect(named.err.join('\n')).not.toMatch(/421/);
});

test('metrics are for Prometheus', async () => {
  const gateway = await bench.gateway();
  await fetch(`${gateway.url}/gw/nobody/`);
  await gateway.json({ event: 'request' });
  const token = readFileSync(join(bench.state, 'admin-token'), 'utf8').trim();
  const answer = await fetch(`${gateway.admin}/metrics`, { headers: { Authorization: `Bearer ${token}` } });
  const text = await answer.text();
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(text).toContain('reverse_http_requests_total{code_class="5xx",reason="no-connector"} 1');
  expect(text).toContain('\nreverse_http_targets 0\n');
  expect(text).toContain('reverse_http_process_cpu_seconds_total');
});
