import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ForwardProxy, startForwardProxy } from '../../conformance/test/support/forward-proxy.js';
import { type Bench, createBench, type Rhttp, type StartedGateway } from './support/rhttp.js';
import { listenSelfSigned } from './support/self-signed.js';
import { freePort, type Listening, listenHttp } from './support/servers.js';

// Of a gateway whose name only the proxy knows; what the proxy can do otherwise is tested with the library.

const password = 'me:s3cret';
let bench: Bench;
let gateway: StartedGateway;
let app: Listening<unknown>;
let proxy: ForwardProxy;
let port: number;
/** With name and password. */
let proxyUrl: string;

beforeEach(async () => {
  bench = createBench();
  app = await listenHttp((request, response) => response.end(request.url));
  port = await freePort();
  gateway = await bench.gateway(['--port', String(port), '--public-url', 'http://gw.invalid']);
  proxy = await startForwardProxy({ to: port, credentials: password });
  proxyUrl = proxy.url.replace('//', `//${password}@`);
});
afterEach(async () => {
  await bench.end();
  await app.close();
  await proxy.close();
});

function connect(env: Record<string, string>, more: readonly string[] = []): Rhttp {
  const args = ['connect', String(app.port), '--target', 'A', '--gateway', 'http://gw.invalid', '--allow-cleartext'];
  return bench.start([...args, '--json', ...more], { RHTTP_TOKEN_FILE: gateway.tokenFile, ...env });
}

async function answer(): Promise<string> {
  return (await fetch(`http://localhost:${port}/gw/A/x`)).text();
}

test.each(['HTTP_PROXY', 'http_proxy', 'RHTTP_PROXY'])('%s leads to the gateway', async (name) => {
  const connector = connect({ [name]: proxyUrl });
  await connector.json({ event: 'ready' });
  expect(await answer()).toBe('/x');
  expect([...connector.out, ...connector.err].join()).not.toContain('s3cret');
});

test('a proxy that a file names leads to the gateway', async () => {
  const targets = [{ target: 'A', to: app.port }];
  writeFileSync(
    join(bench.folder, 'site.yaml'),
    JSON.stringify({ gateway: 'http://gw.invalid', proxy: proxyUrl, targets }),
  );
  const args = ['connect', '--config', 'site.yaml', '--allow-cleartext', '--json'];
  await bench.start(args, { RHTTP_TOKEN_FILE: gateway.tokenFile }).json({ event: 'ready' });
  expect(await answer()).toBe('/x');
});

test.each([
  ['NO_PROXY', { NO_PROXY: '.invalid' }, []],
  ['--proxy off', {}, ['--proxy', 'off']],
] as const)('%s passes by the proxy', async (_, env, more) => {
  const connector = connect({ HTTP_PROXY: proxyUrl, ...env }, more);
  // The name leads nowhere.
  expect(await connector.json({ code: 'unreachable' })).toMatchObject({ event: 'connecting' });
  expect(proxy.seen).toEqual([]);
});

test('the server that is forwarded to is not asked through the proxy', async () => {
  const env = { HTTP_PROXY: proxyUrl, http_proxy: proxyUrl, RHTTP_PROXY: proxyUrl };
  await connect(env).json({ event: 'ready' });
  expect(await answer()).toBe('/x');
  expect(proxy.seen.filter((line) => !line.includes('gw.invalid'))).toEqual([]);
});

test('a token goes in the clear through no other machine, though the gateway is on this one', async () => {
  const args = ['connect', '3000', '--gateway', 'http://localhost:1', '--proxy', 'http://proxy.invalid'];
  expect(await bench.run(args, { RHTTP_TOKEN: 'x' })).toEqual({
    code: 2,
    out: '',
    err: 'The token would travel in the clear to the proxy http://proxy.invalid; use an https gateway, or --allow-cleartext where the network is yours',
  });
});

test('a proxy may speak TLS, with a certificate that Node trusts', async () => {
  await (await listenSelfSigned(bench.folder)).close();
  const cert = join(bench.folder, 'self-signed.pem');
  const identity = { cert: readFileSync(cert), key: readFileSync(join(bench.folder, 'self-signed.key')) };
  const secure = await startForwardProxy({ to: port, identity });
  const env = { HTTP_PROXY: secure.url };
  const stranger = connect(env);
  expect((await stranger.json({ code: 'unreachable' })).message).toMatch(
    /the proxy https:\S+ is not trusted \(self-signed certificate\): name who signed its certificate by NODE_EXTRA_CA_CERTS$/,
  );
  for (const transport of ['poll', 'websocket']) {
    const connector = connect({ ...env, NODE_EXTRA_CA_CERTS: cert }, ['--transport', transport]);
    await connector.json({ event: 'ready' });
  }
  await secure.close();
});
