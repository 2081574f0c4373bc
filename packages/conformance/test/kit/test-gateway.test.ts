import { once } from 'node:events';
import { createServer, request as sendRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { connect } from '@reverse-http/connector';
import { connect as connectNode } from '@reverse-http/connector/node';
import { createGateway, toTarget } from '@reverse-http/gateway';
import { startTestGateway, type TestGateway, type TestSocket } from '@reverse-http/gateway/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { isSettled } from './is-settled.js';

let gateway: TestGateway;
afterEach(() => gateway.close());

const never = (): Promise<Response> => new Promise(() => {});

describe('visitors', () => {
  test('go where the routes lead them, as the functions that are tested say', async () => {
    const seen: string[] = [];
    gateway = await startTestGateway({
      listeners: [
        {
          hosts: ['shop.example'],
          routes: [
            ({ host, header, peer }) => {
              seen.push(`${host} ${header('x-tenant')} ${peer.address}`);
              return header('x-tenant');
            },
          ],
        },
      ],
    });
    await connect(() => new Response('hello'), gateway.connectOptions({ target: 'acme' })).ready;
    const asked = await gateway.fetch('http://shop.example/', { headers: { 'X-Tenant': 'acme' }, from: '192.0.2.7' });
    expect([asked.status, seen]).toEqual([200, ['shop.example acme 192.0.2.7']]);
    expect((await gateway.fetch('http://other.example/')).status).toBe(421);
    expect((await gateway.fetch('/', { target: 'acme' })).status).toBe(200);
    expect(gateway.url).toBe('http://shop.example:8080');
  });

  test('come to the listener of their port', async () => {
    gateway = await startTestGateway({ listeners: [{ port: 80 }, { port: 8443, routes: [toTarget('A')] }] });
    await connect(({ url }) => new Response(url), gateway.connectOptions({ target: 'A' })).ready;
    expect(await (await gateway.fetch('http://localhost:8443/x')).text()).toBe('http://localhost:8443/x');
    const added = await gateway.listen({ port: 0, routes: [toTarget('A')] });
    expect((await gateway.fetch(`${added.url}/y`)).status).toBe(200);
    await added.close();
    expect(gateway.listeners).toHaveLength(2);
    await expect(gateway.listen({ port: 80 })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  test('get what is answered as it is, and break off what they do not want', async () => {
    gateway = await startTestGateway();
    const aborted: string[] = [];
    const handler = (_request: unknown, { signal }: { readonly signal: AbortSignal }) => {
      signal.addEventListener('abort', () => aborted.push(signal.reason.code));
      return never();
    };
    await connect(handler, gateway.connectOptions({ target: 'A' })).ready;
    const redirect = await gateway.fetch('/gw/A');
    expect([redirect.status, redirect.headers.get('location')]).toEqual([308, '/gw/A/']);
    for (const target of [undefined, 'A']) {
      const leaving = new AbortController();
      const path = target ? '/' : '/gw/A/';
      const answer = gateway.fetch(path, { signal: leaving.signal, ...(target ? { target } : {}) });
      await gateway.clock.settle();
      leaving.abort(new Error('no patience'));
      await expect(answer).rejects.toThrow('no patience');
      await gateway.clock.settle();
    }
    expect(aborted).toEqual(['visitor-gone', 'visitor-gone']);
  });

  test('send bodies whole or piece by piece', async () => {
    gateway = await startTestGateway();
    const server = createServer(async (request, response) => {
      const { 'content-length': length } = request.headers;
      response.end(`${length} ${await text(request)}`);
    });
    await connectNode(server, gateway.connectOptions({ target: 'A' })).ready;
    const post = async (body: string | ReadableStream | URLSearchParams): Promise<string> =>
      (await gateway.fetch('/gw/A/', { method: 'POST', body })).text();
    expect(await post('hello')).toBe('5 hello');
    expect(await post(new URLSearchParams({ a: 'b' }))).toBe('3 a=b');
    const pieces = ReadableStream.from(['one ', 'two'].map((piece) => Buffer.from(piece)));
    expect(await post(pieces as ReadableStream)).toBe('undefined one two');
  });

  test('may be any client that takes a connection: http.request and ws', async () => {
    gateway = await startTestGateway();
    const server = createServer((request, response) => response.end(request.socket.remoteAddress));
    new WebSocketServer({ server }).on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    await connectNode(server, gateway.connectOptions({ target: 'A' })).ready;
    const createConnection = (): TestSocket => gateway.dial({ from: '192.0.2.9' });
    const [response] = await once(sendRequest({ path: '/gw/A/', createConnection }).end(), 'response');
    expect(await text(response)).toBe('192.0.2.9');
    const socket = new WebSocket('ws://localhost/gw/A/', { createConnection });
    await once(socket, 'open');
    socket.send('hello');
    expect(String((await once(socket, 'message'))[0])).toBe('hello');
    socket.terminate();
  });
});

describe('the gateway', () => {
  test('is killed: visitors are cut off; the connector comes back when it is there again', async () => {
    gateway = await startTestGateway();
    const connection = connect(never, gateway.connectOptions({ target: 'A' }));
    await connection.ready;
    const broken = gateway.fetch('/gw/A/');
    await gateway.clock.settle();
    const rejected = expect(broken).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
    await gateway.kill();
    await rejected;
    await expect(gateway.fetch('/gw/A/')).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    expect(() => gateway.kick('A')).toThrow(expect.objectContaining({ code: 'closed' }));
    expect([gateway.targets.size, gateway.sessions.size, gateway.listeners.length]).toEqual([0, 0, 0]);
    await gateway.clock.advance(20_000);
    expect(connection.state.state).toBe('detached');
    await gateway.start();
    const held = gateway.fetch('/gw/A/');
    const isHeld = isSettled(held);
    held.catch(() => {});
    await gateway.clock.advance(4000);
    expect(isHeld()).toBe(false);
    await gateway.clock.advance(16_000);
    expect(connection.state.state).toBe('ready');
  });

  test('is restarted: it knows nothing, and visitors wait for the connector as after any start', async () => {
    gateway = await startTestGateway();
    await connect(() => new Response('hello'), gateway.connectOptions({ target: 'A' })).ready;
    const before = [...gateway.sessions.keys()];
    const { token, url } = gateway;
    await gateway.restart();
    const answer = gateway.fetch('/gw/A/');
    await gateway.clock.advance(4000);
    expect(await (await answer).text()).toBe('hello');
    expect([...gateway.sessions.keys()]).not.toEqual(before);
    expect([gateway.token, gateway.url]).toEqual([token, url]);
  });

  test('is stopped: what runs is finished', async () => {
    gateway = await startTestGateway();
    let answer = (_response: Response): void => {};
    const handler = (): Promise<Response> =>
      new Promise((resolve) => {
        answer = resolve;
      });
    await connect(handler, gateway.connectOptions({ target: 'A' })).ready;
    const running = gateway.fetch('/gw/A/');
    await gateway.clock.settle();
    const stopped = gateway.stop();
    const isStopped = isSettled(stopped);
    await gateway.clock.advance(20_000);
    expect(isStopped()).toBe(false);
    answer(new Response('finished'));
    expect(await (await running).text()).toBe('finished');
    await gateway.clock.until(stopped);
  });

  test('goes over to other options, which a restart keeps', async () => {
    gateway = await startTestGateway();
    await gateway.reload({ deadlines: { hold: '1s' }, listeners: [{ port: 9000 }] });
    expect(gateway.url).toBe('http://127.0.0.1:9000');
    await gateway.restart();
    expect(gateway.url).toBe('http://127.0.0.1:9000');
  });

  test('refuses what the real one refuses', async () => {
    gateway = await startTestGateway();
    const wrong = { listeners: [{ prot: 80 }] } as never;
    const said = (() => {
      try {
        return createGateway(wrong);
      } catch (error) {
        return error as Error;
      }
    })();
    await expect(startTestGateway(wrong)).rejects.toThrow((said as Error).message);
  });
});

test('each link fails on its own', async () => {
  gateway = await startTestGateway();
  const [one, other] = [gateway.createLink(), gateway.createLink()];
  const states: string[] = [];
  const options = (name: string) => ({
    target: 'A',
    onState: ({ state }: { state: string }) => states.push(`${name} ${state}`),
  });
  await connect(() => new Response('one'), one.connectOptions(options('one'))).ready;
  await connect(() => new Response('other'), other.connectOptions(options('other'))).ready;
  expect(gateway.targets.get('A')!.replicas).toHaveLength(2);
  one.goDown();
  await gateway.clock.advance(15_000);
  expect(states.filter((state) => state === 'one detached')).not.toEqual([]);
  expect(states.filter((state) => /^other (?!ready)/.test(state))).toEqual([]);
  const answers = await Promise.all([1, 2, 3].map(async () => (await gateway.fetch('/gw/A/')).text()));
  expect(answers).toEqual(['other', 'other', 'other']);
});

/** What of this process is open, the runner's own included. */
function resources(): { readonly sockets: string[]; readonly timers: number } {
  const all = process.getActiveResourcesInfo();
  return {
    sockets: all.filter((name) => /TCP|Pipe/.test(name)).sort(),
    timers: all.filter((name) => name === 'Timeout').length,
  };
}

test('at the end nothing is left: no connection, no timer, no port', async () => {
  const before = resources();
  gateway = await startTestGateway();
  const connections = (['websocket', 'poll', 'auto'] as const).map((transport) =>
    connect(never, gateway.connectOptions({ target: transport, transport })),
  );
  await Promise.all(connections.map(({ ready }) => ready));
  const answers = connections.map((_, i) => gateway.fetch(`/gw/${['websocket', 'poll', 'auto'][i]}/`));
  for (const answer of answers) answer.catch(() => {});
  await gateway.clock.advance(1000);
  gateway.link.halfOpen();
  await gateway.clock.advance(1000);
  expect(resources().sockets).toEqual(before.sockets);
  await gateway.close();
  await gateway.close();
  for (const { closed } of connections) expect((await closed).code).toBe('aborted');
  await gateway.clock.settle();
  expect(gateway.link.openConnections).toBe(0);
  expect(resources().sockets).toEqual(before.sockets);
  expect(resources().timers).toBeLessThanOrEqual(before.timers);
});
