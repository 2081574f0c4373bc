import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { ConnectionState } from '@reverse-http/connector/node';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type ForwardProxy, type ForwardProxyOptions, startForwardProxy } from '../support/forward-proxy.js';
import { type Site, startSite } from './site.js';

let site: Site;
const proxies: ForwardProxy[] = [];

beforeAll(async () => {
  site = await startSite();
});
afterEach(async () => {
  await site.leave();
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});
afterAll(() => site.close());

async function startProxy(options?: ForwardProxyOptions): Promise<ForwardProxy> {
  const proxy = await startForwardProxy(options);
  proxies.push(proxy);
  return proxy;
}

/** What the first try comes to. */
function troubleOf(options: Parameters<Site['connect']>[0]): Promise<string> {
  return new Promise((resolve) => {
    const onState = (state: ConnectionState): void => {
      if ('error' in state && state.error) resolve(state.error.message);
    };
    site.connect({ ...options, onState });
  });
}

const placeOf = (url: string): string => new URL(url).host;

describe.each(['poll', 'websocket'] as const)('%s through a proxy', (transport) => {
  test('to a gateway with TLS: by a tunnel', async () => {
    const proxy = await startProxy();
    await site.connect({ gateway: site.secureUrl, transport, proxy: proxy.url }).ready;
    await site.exchangeBodies();
    expect(new Set(proxy.seen)).toEqual(new Set([`CONNECT ${placeOf(site.secureUrl)}`]));
  });

  test('to a gateway without: a WebSocket by a tunnel, polls by requests with the whole URL', async () => {
    const proxy = await startProxy();
    await site.connect({ transport, proxy: proxy.url }).ready;
    await site.exchangeBodies();
    const endpoint = `POST ${site.url}/.well-known/reverse-http/`;
    const lines =
      transport === 'poll'
        ? ['hello', 'poll', 'post'].map((name) => endpoint + name)
        : [`CONNECT ${placeOf(site.url)}`];
    expect(new Set(proxy.seen)).toEqual(new Set(lines));
  });

  test.each(['url', 'secureUrl'] as const)('with a name and a password, to the %s', async (which) => {
    const proxy = await startProxy({ credentials: 'me@home:p:ä' });
    const url = proxy.url.replace('//', '//me%40home:p%3A%C3%A4@');
    await site.connect({ gateway: site[which], transport, proxy: url }).ready;
    await site.exchangeBodies();
  });

  test.each(['url', 'secureUrl'] as const)('that wants another name and password, to the %s', async (which) => {
    const proxy = await startProxy({ credentials: 'me:other' });
    const options = { gateway: site[which], transport } as const;
    expect(await troubleOf({ ...options, proxy: proxy.url })).toBe(
      `${site[which]}/ cannot be reached: the proxy ${proxy.url} asks for a name and a password (HTTP 407): ` +
        `put them into its URL, as in ${proxy.url.replace('//', '//NAME:PASSWORD@')}`,
    );
    expect(await troubleOf({ ...options, proxy: proxy.url.replace('//', '//me:s3cret@') })).toBe(
      `${site[which]}/ cannot be reached: the proxy ${proxy.url} does not take the name and password of its URL (HTTP 407)`,
    );
  });

  test.each(['url', 'secureUrl'] as const)('that nobody is, to the %s', async (which) => {
    const proxy = await startForwardProxy();
    await proxy.close();
    expect(await troubleOf({ gateway: site[which], transport, proxy: proxy.url })).toBe(
      `${site[which]}/ cannot be reached: the proxy ${proxy.url} cannot be reached (ECONNREFUSED)`,
    );
  });

  test('behind which the gateway is down', async () => {
    const proxy = await startProxy({ to: 1 });
    expect(await troubleOf({ gateway: site.secureUrl, transport, proxy: proxy.url })).toBe(
      `${site.secureUrl}/ cannot be reached: the proxy ${proxy.url} does not reach ${placeOf(site.secureUrl)} (HTTP 502)`,
    );
  });

  test('behind which the gateway has a certificate that nobody trusts', async () => {
    const proxy = await startProxy();
    expect(await troubleOf({ gateway: site.secureUrl, transport, proxy: proxy.url, tls: {} })).toBe(
      `${site.secureUrl}/ cannot be reached: self-signed certificate (through the proxy ${proxy.url})`,
    );
  });
});

test('a proxy that refuses tunnels leaves polling to a gateway without TLS', async () => {
  const proxy = await startProxy({ refusesConnect: true });
  const { transport } = await site.connect({ proxy: proxy.url }).ready;
  expect(transport).toBe('poll');
  // The better one was tried.
  await vi.waitFor(() => expect(proxy.seen).toContain(`CONNECT ${placeOf(site.url)}`));
  await site.exchangeBodies();
});

test('a proxy that takes nothing but tunnels leaves a WebSocket', async () => {
  const proxy = await startProxy({ refusesPlain: true });
  const { transport } = await site.connect({ proxy: proxy.url }).ready;
  expect(transport).toBe('websocket');
  await site.exchangeBodies();
});

test('a proxy that refuses tunnels leaves no way to a gateway with TLS, and is named', async () => {
  const proxy = await startProxy({ refusesConnect: true });
  expect(await troubleOf({ gateway: site.secureUrl, proxy: proxy.url })).toBe(
    `${site.secureUrl}/ cannot be reached: the proxy ${proxy.url} refuses CONNECT to ${placeOf(site.secureUrl)} (HTTP 403)`,
  );
});

test('a proxy that refuses all requests is named', async () => {
  const proxy = await startProxy({ refusesPlain: true });
  expect(await troubleOf({ transport: 'poll', proxy: proxy.url })).toBe(
    `${site.url}/ cannot be reached: HTTP 403 came from the proxy ${proxy.url}, or from behind it`,
  );
});

test('false passes by the proxy of the environment', async () => {
  vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:1').stubEnv('HTTP_PROXY', 'http://127.0.0.1:1');
  await site.connect({ gateway: site.secureUrl, proxy: false }).ready;
  vi.unstubAllEnvs();
});

test('T21: to a gateway on this machine a token goes in the clear through no other machine', () => {
  expect(() => site.connect({ proxy: 'http://me:s3cret@proxy.example.com:3128' })).toThrow(
    'token: would travel in the clear to the proxy http://proxy.example.com:3128; use an https gateway, or set allowCleartext',
  );
});

describe('a proxy that is hostile or broken', () => {
  const sockets = new Set<Socket>();
  let answer: (socket: Socket) => void;
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
    socket.once('data', () => answer(socket));
  });
  let proxy: string;

  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  const says = (text: string) => (socket: Socket) => void socket.end(text, 'latin1');
  const drips = (text: string) => (socket: Socket) => {
    const more = (): boolean => socket.destroyed || socket.write(text, 'latin1', () => setImmediate(more));
    more();
  };

  test.each([
    ['nothing', says(''), 'the connection ended before the answer did'],
    ['half a head', says('HTTP/1.1 200 OK\r\nVia'), 'the connection ended before the answer did'],
    ['no HTTP', says('SSH-2.0-OpenSSH_9.2\r\n\r\n'), ''],
    ['an upgrade', says('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'), 'an upgrade that was not asked for'],
    ['bytes of its own', says('HTTP/1.1 200 OK\r\n\r\nx'), 'bytes after the end of the answer'],
    ['two lengths', says('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'), ''],
    ['a head without an end', drips('HTTP/1.1 200 OK\r\nX-Long: '.padEnd(9000, 'x')), ''],
    ['a bare line feed', says('HTTP/1.1 200 OK\nVia: x\n\n'), ''],
  ])('says %s', async (_, what, detail) => {
    answer = what;
    for (const transport of ['poll', 'websocket'] as const) {
      const trouble = await troubleOf({ gateway: site.secureUrl, transport, proxy });
      const start = `${site.secureUrl}/ cannot be reached: the proxy ${proxy} answers, but not as an HTTP proxy does: `;
      expect(trouble.slice(0, start.length)).toBe(start);
      expect(trouble).toContain(detail);
      await site.leave();
    }
  });

  test('says interim answers first, and a length that means nothing', async () => {
    answer = (socket) => {
      socket.write(
        'HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 204 Well\r\nProxy-Agent: x\r\n\r\n',
        'latin1',
      );
      const far = connect(Number(new URL(site.secureUrl).port), '127.0.0.1').on('error', () => {});
      socket.pipe(far).pipe(socket);
    };
    await site.connect({ gateway: site.secureUrl, transport: 'websocket', proxy }).ready;
  });
});
