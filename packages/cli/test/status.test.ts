import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Bench, createBench, type StartedGateway } from './support/rhttp.js';
import { freePort, type Listening, listenHttp } from './support/servers.js';

let bench: Bench;
let gateway: StartedGateway;
let app: Listening<unknown>;
beforeEach(async () => {
  bench = createBench();
  app = await listenHttp((_, response) => response.end('hello'));
  gateway = await bench.gateway();
});
afterEach(async () => {
  await bench.end();
  await app.close();
});

test('what is connected, since when, by what, and what went through', async () => {
  expect((await bench.run(['status'])).out).toBe('Nothing is connected. Next: rhttp connect 3000 --target A');
  const connector = bench.start(['connect', String(app.port), '--target', 'A', '--json', '--transport', 'websocket']);
  const { url } = await connector.json({ event: 'ready' });
  await (await fetch(url)).text();
  await gateway.json({ event: 'request', status: 200 });
  const { code, out } = await bench.run(['status']);
  expect(code).toBe(0);
  const [head, row, ...rest] = out.split('\n');
  expect(head).toMatch(/^TARGET +REPLICA +TRANSPORT +STATE +SINCE +REQUESTS +RUNNING +IN +OUT +URL$/);
  expect(row).toMatch(/^A +[a-z]+-[a-z]+-\w{5} +websocket +attached +[\d.]+ s +1 +0 +0 B +\d+ B +http:\S+\/gw\/A\/$/);
  expect(rest).toEqual([]);
  const { targets } = JSON.parse((await bench.run(['status', '--json'])).out);
  expect(targets).toMatchObject([
    { target: 'A', requests: 1, replicas: [{ transport: 'websocket', state: 'attached' }] },
  ]);
});

test('--watch shows it again, until a signal', async () => {
  const watch = bench.start(['status', '--watch', '--json']);
  await watch.line(/^\{"targets":\[\]\}$/);
  bench.start(['connect', String(app.port), '--target', 'A']);
  await watch.line(/"target":"A"/);
  watch.signal('SIGINT');
  expect(await watch.exited).toBe(0);
});

test('kick ends the sessions of a target, or one, and keeps it out', async () => {
  const args = ['connect', String(app.port), '--target', 'A', '--json'];
  const connector = bench.start(args);
  await connector.json({ event: 'ready' });
  expect(await bench.run(['kick', 'A', '--for', '10m'])).toEqual({
    code: 0,
    out: 'Kicked A: 1 session, kept out for 10 min',
    err: '',
  });
  expect(await connector.json({ event: 'connecting', code: 'kicked' })).toMatchObject({ target: 'A' });
  const other = bench.start(['connect', String(app.port), '--target', 'B', '--json']);
  await other.json({ event: 'ready' });
  const { targets } = JSON.parse((await bench.run(['status', '--json'])).out);
  const { session } = targets.find((each: { target: string }) => each.target === 'B').replicas[0];
  expect((await bench.run(['kick', '--session', session])).out).toBe(`Kicked session ${session}: 1 session`);
  expect(await bench.run(['kick', '--session', 'none'])).toMatchObject({ code: 1, err: 'There is no session "none".' });
});

test("another gateway's admin listener needs its own token", async () => {
  const refused = await bench.run(['status', '--admin', 'http://127.0.0.1:1']);
  expect(refused).toEqual({
    code: 1,
    out: '',
    err: 'http://127.0.0.1:1 is not the gateway on this machine: say where its token is by --admin-token-file FILE',
  });
  writeFileSync(join(bench.folder, 'wrong'), 'wrong\n');
  const wrong = await bench.run(['status', '--admin', gateway.admin, '--admin-token-file', 'wrong']);
  expect(wrong).toMatchObject({ code: 3, err: expect.stringMatching(/refused the admin token/) });
  const unused = `http://127.0.0.1:${await freePort()}`;
  const nobody = await bench.run(['status', '--admin', unused, '--admin-token-file', 'wrong']);
  expect(nobody).toMatchObject({ code: 1, err: expect.stringMatching(/cannot be reached \(ECONNREFUSED\)$/) });
  const website = `http://127.0.0.1:${app.port}`;
  expect(await bench.run(['status', '--admin', website, '--admin-token-file', 'wrong'])).toMatchObject({
    code: 1,
    err: `${website} answers, but not as an admin listener does`,
  });
});

test('a gateway without an admin listener is told as that', async () => {
  gateway.signal('SIGTERM');
  await gateway.exited;
  await bench.start(['gateway', '--port', '0', '--admin', 'off']).json({ event: 'listening' });
  expect((await bench.run(['status'])).err).toBe('The gateway on this machine has no admin listener (--admin off)');
});
