import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connection, ConnectionState, FetchContext, FetchRequest } from '../src/node/index.js';
import { connect, ReverseHttpError } from '../src/node/index.js';
import { createFakeGateway, type FakeGateway } from './harness/fake-gateway.js';
import { TestBody } from './harness/visitor.js';

let gateway: FakeGateway;
let connection: Connection | undefined;
beforeEach(async () => {
  gateway = await createFakeGateway();
});
afterEach(async () => {
  connection?.abort();
  await connection?.closed;
  await gateway.close();
});

describe('connect', () => {
  it('serves requests that come over a WebSocket', async () => {
    connection = connect((req, res) => res.end(`hello ${req.url}`), {
      gateway: gateway.url,
      target: 'A',
      transport: 'websocket',
      token: 't',
      logger: false,
    });
    expect(await connection.ready).toEqual({
      url: `${gateway.url}gw/A/`,
      urls: [`${gateway.url}gw/A/`],
      target: 'A',
      transport: 'websocket',
    });
    expect(connection.url).toBe(`${gateway.url}gw/A/`);
    expect((await gateway.visit({ path: '/x' }).done()).text).toBe('hello /x');
    expect(gateway.hellos[0]).toMatchObject({
      versions: [1],
      attach: 1,
      token: 't',
      targets: [{ target: 'A' }],
      features: ['zero-mask'],
    });
    expect(Date.now() - connection.lastRoundTripAt!).toBeLessThan(5000);
  });

  it('goes on with requests in flight after its transport was cut', async () => {
    let answer: (text: string) => void = () => {};
    const handler = createServer((_req, res) => {
      res.write('one ');
      answer = (text) => res.end(text);
    });
    connection = connect(handler, { gateway: gateway.url, target: 'A', transport: 'websocket', logger: false });
    await connection.ready;
    const visit = gateway.visit();
    await visit.until(({ text }) => text === 'one ');
    gateway.sockets[0]!.terminate();
    answer('two');
    const hello = await gateway.greeted(2);
    await visit.done();
    expect(visit.text).toBe('one two');
    expect(hello).toMatchObject({ key: gateway.hellos[0]!.key, attach: 2, resume: { session: 'fake.1' } });
  });

  it('loses and doubles nothing of large bodies over many cuts', async () => {
    connection = connect((req, res) => void req.pipe(res), {
      gateway: gateway.url,
      target: 'A',
      transport: 'websocket',
      logger: false,
    });
    await connection.ready;
    const sent = randomBytes(8 * 1024 * 1024);
    const body = new TestBody();
    for (let at = 0; at < sent.length; at += 65_536) body.push(sent.subarray(at, at + 65_536));
    const visit = gateway.visit({ method: 'POST', body: body.end() });
    for (let cut = 1; cut <= 5; cut++) {
      await visit.until(({ received }) => received > cut * 1024 * 1024);
      gateway.sockets.at(-1)?.terminate();
      await gateway.greeted(cut + 1);
    }
    await visit.done();
    expect(visit.body.equals(sent)).toBe(true);
    expect(gateway.session?.resumes).toBe(5);
  });

  it('keeps to a path in the gateway URL', async () => {
    connection = connect((_req, res) => res.end(), {
      gateway: `${gateway.url}sub?x#y`,
      target: 'A',
      transport: 'websocket',
      logger: false,
    });
    await connection.ready;
  });

  it('says when the URL is some other web server, and goes on trying', async () => {
    const other = createServer((_req, res) => res.end('<html>'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const lines: string[] = [];
    const errors: unknown[] = [];
    const logger = { info() {}, warn: (line: string) => lines.push(line), error: (line: string) => lines.push(line) };
    connection = connect((_req, res) => res.end(), {
      gateway: [url, gateway.url],
      target: 'A',
      transport: 'websocket',
      logger,
      onError: (e) => errors.push(e),
    });
    await connection.ready;
    expect(lines).toEqual([
      `Not connected: not-a-gateway: ${url}/ is some other web server, or hides the gateway (HTTP 200)`,
    ]);
    expect((errors[0] as ReverseHttpError).code).toBe('not-a-gateway');
    other.close();
  });

  it('rejects `ready` and closes when refused for good', async () => {
    gateway.reply = () => ({ refuse: { code: 'unauthorized', message: 'no such token' } });
    const states: ConnectionState['state'][] = [];
    connection = connect((_req, res) => res.end(), {
      gateway: gateway.url,
      target: 'A',
      transport: 'websocket',
      logger: false,
      onState: ({ state }) => states.push(state),
    });
    expect(await connection.closed).toMatchObject({ code: 'unauthorized', message: 'no such token' });
    await expect(connection.ready).rejects.toMatchObject({ code: 'unauthorized', retryable: false });
    expect(states).toEqual(['refused', 'closed']);
  });

  it('finishes what runs when it is closed', async () => {
    let finish: () => void = () => {};
    connection = connect(
      (_req, res) => {
        finish = () => res.end('done');
        res.flushHeaders();
      },
      { gateway: gateway.url, target: 'A', transport: 'websocket', logger: false },
    );
    await connection.ready;
    const visit = gateway.visit();
    await visit.until(({ head }) => head !== undefined);
    const closed = connection.close();
    await new Promise<void>((resolve) => {
      const look = (): void => void (gateway.session!.mux.peerGoesAway ? resolve() : setImmediate(look));
      look();
    });
    finish();
    expect((await visit.done()).text).toBe('done');
    await closed;
    expect(await connection.closed).toMatchObject({ code: 'closed' });
    expect(await gateway.sessionClosed).toMatchObject({ code: 'closed' });
  });

  it('keeps the process alive while its gateway is down, and not longer', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const other = connect((_req, res) => res.end(), {
      gateway: 'http://127.0.0.1:1',
      target: 'A',
      transport: 'websocket',
      logger: false,
    });
    expect(timers()).toBe(before + 1);
    other.abort();
    await other.closed;
    expect(timers()).toBe(before);
  });

  it('answers with the errors of a handler, and tells them', async () => {
    const errors: unknown[] = [];
    const onError = (error: unknown, request: unknown): void =>
      void errors.push(error, (request as { url: string }).url);
    connection = connect(() => Promise.reject(new Error('broken')), {
      gateway: gateway.url,
      target: 'A',
      transport: 'websocket',
      logger: false,
      onError,
    });
    await connection.ready;
    expect((await gateway.visit({ path: '/p' }).done()).failure?.reason).toBe('handler-failed');
    expect(errors).toEqual([new Error('broken'), '/p']);
  });

  it('serves fetch-style handlers, each call in an async context of its own', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const errors: unknown[] = [];
    const application = {
      greeting: 'hello',
      fetch(request: FetchRequest, { peer, target }: FetchContext) {
        seen.push(storage.getStore());
        storage.enterWith(request.url);
        if (request.url.endsWith('/bad')) throw new Error('broken');
        return new Response(`${this.greeting} ${target} ${peer.address}`);
      },
    };
    connection = connect(application, {
      gateway: gateway.url,
      target: 'A',
      transport: 'websocket',
      logger: false,
      onError: (error, request) => errors.push(error, request?.url, request instanceof Request),
    });
    await connection.ready;
    const visits = ['/', '/bad', '/'].map((path) => gateway.visit({ path }));
    await Promise.all(visits.map((visit) => visit.done()));
    expect(visits[2]?.text).toBe('hello A 203.0.113.7');
    expect(visits[1]?.failure?.reason).toBe('handler-failed');
    expect(seen).toEqual([undefined, undefined, undefined]);
    expect(errors).toEqual([new Error('broken'), 'http://a.example/bad', true]);
  });

  it.each([
    ['a Response', () => new Response('x')],
    ['a promise of one', async () => new Response('x')],
  ])('tells a function that returns %s to say { fetch }', async (_name, handler) => {
    const errors: unknown[] = [];
    connection = connect(handler, {
      gateway: gateway.url,
      target: 'A',
      transport: 'websocket',
      logger: false,
      onError: (error) => errors.push(error),
    });
    await connection.ready;
    expect((await gateway.visit().done()).failure?.reason).toBe('handler-failed');
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('give { fetch: handler }') })]);
  });

  it('throws at once for options that cannot work', () => {
    const handler = (): void => {};
    const tries = [
      { gateway: 'nonsense', target: 'A' },
      { gateway: 'ftp://x', target: 'A' },
      { gateway: gateway.url, target: '-A' },
      { gateway: 'http://gw.example.com', target: 'A', token: 'secret' },
    ];
    for (const options of tries) expect(() => connect(handler, options)).toThrow(ReverseHttpError);
    expect(() => connect({} as never, { gateway: gateway.url, target: 'A' })).toThrow(ReverseHttpError);
  });

  it.each([
    [undefined, 'options: give an object with gateway and target'],
    [null, 'options: give an object with gateway and target'],
    [{ gateway: 'https://gw', target: 'A', token: 5 }, 'token: must be a text, or a function that gives one'],
    [{ gateway: 'https://gw', target: 'A', token: null }, 'token: must be a text, or a function that gives one'],
    [{ gateway: 5, target: 'A' }, 'gateway: is missing'],
    [{ gateway: 'https://gw', target: 'A', tls: { pin: 'sha256/x' } }, 'tls.pin: comes later'],
    [{ gateway: 'https://gw', target: 'A', fidelity: 'none' }, 'fidelity: must be fast or socket'],
    [{ gateway: 'https://gw', target: [] }, 'target: is missing'],
    [{ gateway: 'https://gw', target: Array(65).fill('A') }, 'target: 65 of them; one connection serves at most 64'],
    [{ gateway: 'https://gw', target: 'A', maxConcurrent: 0 }, 'maxConcurrent: must be a whole number, 1 or more'],
    [{ gateway: 'https://gw', target: 'A', maxConcurrent: 1.5 }, 'maxConcurrent: must be a whole number, 1 or more'],
    [
      { gateway: 'https://gw', taget: 'A' },
      expect.stringMatching(/^taget: there is no such option, but gateway, target,/),
    ],
  ])('says what is wrong with %j', (options, message) => {
    const thrown = expect.objectContaining({ code: 'bad-option', message });
    expect(() => connect(() => {}, options as never)).toThrow(thrown);
    expect(() => connect(() => {}, options as never)).toThrow(ReverseHttpError);
  });
});
