import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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

describe('a proxy that speaks TLS', () => {
  let secureGateway: Listening<unknown>;
  let certificate: string;
  afterEach(() => secureGateway.close());

  beforeEach(async () => {
    secureGateway = await listenSelfSigned(bench.folder, port);
    certificate = join(bench.folder, 'self-signed.pem');
    const identity = { cert: readFileSync(certificate), key: readFileSync(join(bench.folder, 'self-signed.key')) };
    await proxy.close();
    proxy = await startForwardProxy({ identity });
  });

  function connectTo(gatewayUrl: string, transport: string, env: Record<string, string> = {}): Rhttp {
    const args = ['connect', String(app.port), '--target', 'A', '--json', '--transport', transport];
    const more = ['--gateway', gatewayUrl, '--ca-file', certificate, '--proxy', proxy.url];
    return bench.start([...args, ...more], { RHTTP_TOKEN_FILE: gateway.tokenFile, ...env });
  }

  test('has a certificate that Node trusts, or is named', async () => {
    const stranger = connectTo(`http://localhost:${port}`, 'poll');
    expect((await stranger.json({ code: 'unreachable' })).message).toMatch(
      /the proxy https:\S+ is not trusted \(self-signed certificate\): name who signed its certificate by NODE_EXTRA_CA_CERTS$/,
    );
  });

  test.each(['poll', 'websocket'])('leads a %s to a gateway, with TLS and without', async (transport) => {
    for (const url of [`http://localhost:${port}`, `https://localhost:${secureGateway.port}`]) {
      const connector = connectTo(url, transport, { NODE_EXTRA_CA_CERTS: certificate });
      await connector.json({ event: 'ready' });
      expect(await answer()).toBe('/x');
      connector.signal('SIGTERM');
      expect(await connector.exited).toBe(0);
    }
  });
});
