import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Bench, createBench, type Finished, type StartedGateway } from './support/rhttp.js';
import { freePort, listenHttp } from './support/servers.js';

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.end());

const unchanged = 'Not reloaded, all goes on as before: ';

function write(text: string): void {
  writeFileSync(join(bench.folder, 'rhttp.yaml'), text);
}

async function gatewayWith(text: string): Promise<StartedGateway> {
  write(text);
  return bench.gateway(['--config', 'rhttp.yaml']);
}

async function reloadWith(text: string): Promise<Finished> {
  write(text);
  return bench.run(['reload']);
}

async function statusOf(url: string): Promise<number> {
  return (await fetch(url)).status;
}

test('routes, listeners and policies of the file hold at once; nothing that runs is cut', async () => {
  const port = await freePort();
  const app = await listenHttp((request, response) => {
    response.write('begun, ');
    if (request.url === '/slow') app.server.once('finish', () => response.end('finished'));
    else response.end('over');
  });
  const gateway = await gatewayWith('deadlines: { startGrace: off }\n');
  const connector = bench.start(['connect', String(app.port), '--target', 'A', '--json']);
  const { url } = await connector.json({ event: 'ready' });
  const download = await fetch(`${url}slow`);
  expect(
    await reloadWith(`
deadlines: { startGrace: off }
listeners: [{ routes: [{ path: /other }] }, { address: "127.0.0.1:${port}", routes: [{ target: A }] }]
targets: [{ match: A, limits: { concurrent: 1 } }]
`),
  ).toEqual({ code: 0, out: 'Reloaded rhttp.yaml and the tokens', err: '' });
  await gateway.line(/^Reloaded rhttp.yaml and the tokens$/);
  expect(await statusOf(url)).toBe(404);
  expect(await statusOf(`${gateway.url}/other/A/`)).toBe(503);
  app.server.emit('finish');
  expect(await download.text()).toBe('begun, finished');
  expect(await statusOf(`http://127.0.0.1:${port}/`)).toBe(200);

  expect(await reloadWith('')).toMatchObject({ code: 0 });
  expect(await statusOf(url)).toBe(200);
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  expect(gateway.out.some((line) => line.includes('"disconnected"'))).toBe(false);
  await app.close();
});

test('SIGHUP does the same', async () => {
  const gateway = await gatewayWith('deadlines: { startGrace: off }\n');
  expect(await statusOf(`${gateway.url}/gw/named/`)).toBe(404);
  write('deadlines: { startGrace: off, hold: off }\ntargets: [{ match: named }]\n');
  gateway.signal('SIGHUP');
  await gateway.line(/^Reloaded/);
  expect(await statusOf(`${gateway.url}/gw/named/`)).toBe(503);
});

test('a file with a fault changes nothing, and one line says where it is', async () => {
  const gateway = await gatewayWith('deadlines: { startGrace: off }\n');
  const line = `${unchanged}rhttp.yaml:2:5: listeners[0].prot: there is no such option; did you mean "port"?`;
  expect(await reloadWith('listeners:\n  - prot: 1\n    routes: [{ path: /other }]\n')).toEqual({
    code: 1,
    out: '',
    err: line,
  });
  expect(gateway.err).toContain(line);
  expect(await statusOf(`${gateway.url}/gw/A/`)).toBe(404);
  expect((await reloadWith('listeners:\n  - prot: 1\nlog: { peer: on }\n')).err).toMatch(
    /"port"\? \(and 1 more: rhttp config check rhttp.yaml\)$/,
  );
  expect((await reloadWith('listeners: [')).err).toMatch(/^Not reloaded, all goes on as before: rhttp.yaml:1:\d+: /);
  expect(await reloadWith('deadlines: { startGrace: off }\n')).toMatchObject({ code: 0 });
});

test('a port that is taken changes nothing', async () => {
  const taken = await listenHttp((_, response) => response.end());
  const gateway = await gatewayWith('deadlines: { startGrace: off }\n');
  expect(
    await reloadWith(
      `listeners: [{ routes: [{ path: /other }] }, { address: "127.0.0.1:${taken.port}", routes: [{ target: A }] }]\n`,
    ),
  ).toEqual({
    code: 1,
    out: '',
    err: `${unchanged}Port ${taken.port} on 127.0.0.1 is taken: end what listens there, or choose another one`,
  });
  expect(await statusOf(`${gateway.url}/gw/A/`)).toBe(404);
  await taken.close();
});

test('a listener does not move to another address of its own port', async () => {
  const port = await freePort();
  const listener = `{ address: "127.0.0.1:${port}", routes: [{ target: A }] }`;
  await gatewayWith(`listeners: [{}, ${listener}]\n`);
  expect((await reloadWith(`listeners: [{}, ${listener.replace('127.0.0.1', '0.0.0.0')}]\n`)).err).toBe(
    `${unchanged}Port ${port} on 0.0.0.0 is taken by this gateway's own listener 127.0.0.1:${port}, which has to end first: start the gateway again`,
  );
});

const admin = 'admin: { address: "127.0.0.1:0" }';
test.each([
  [`${admin}\nconnectors: { tokens: other.json }`, 'connectors.tokens'],
  [admin.replace(' }', ', token: another }'), 'admin'],
])('%s needs a new start', async (text, place) => {
  write(admin);
  const gateway = bench.start(['gateway', '--config', 'rhttp.yaml', '--port', '0']);
  const { url } = await gateway.json({ event: 'listening' });
  expect(await reloadWith(`${text}\npublicUrl: https://gw.example.com\n`)).toEqual({
    code: 1,
    out: '',
    err: `${unchanged}rhttp.yaml: ${place}: to change this, the gateway has to be started again`,
  });
  const { publicUrl } = JSON.parse(readFileSync(join(bench.state, 'gateway.json'), 'utf8'));
  expect(publicUrl).toBe(url);
});

test('without a file the tokens are read again', async () => {
  const gateway = await bench.gateway();
  expect(await bench.run(['reload'])).toEqual({
    code: 0,
    out: 'Reloaded the tokens (there is no configuration file)',
    err: '',
  });
  gateway.signal('SIGTERM');
  await gateway.exited;
  expect(await bench.run(['reload'])).toMatchObject({
    code: 1,
    err: 'No gateway runs on this machine: start one with rhttp gateway',
  });
});

test('connectors on this machine find a gateway that listens elsewhere by now', async () => {
  const [before, after] = [await freePort(), await freePort()];
  write(`listeners: [{ address: "127.0.0.1:${before}" }]\nadmin: off\n`);
  const gateway = bench.start(['gateway', '--config', 'rhttp.yaml']);
  await gateway.json({ event: 'listening' });
  expect(await reloadWith(`listeners: [{ address: "127.0.0.1:${after}" }]\nadmin: off\n`)).toMatchObject({ code: 0 });
  const connector = bench.start(['connect', '1', '--target', 'A', '--json', '--on-refused', 'exit']);
  expect(await connector.json({ event: 'ready' })).toMatchObject({ url: `http://localhost:${after}/gw/A/` });
  connector.signal('SIGTERM');
  await connector.exited;
  gateway.signal('SIGTERM');
  expect(await gateway.exited).toBe(0);
});
