import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
  type Connection,
  type ConnectionState,
  connect,
  type FetchConnectOptions,
  ReverseHttpError,
} from '../src/index.js';
import { createFakeGateway, type FakeGateway } from './harness/fake-gateway.js';
import { TestBody } from './harness/visitor.js';

let gateway: FakeGateway;
let connection: Connection | undefined;
beforeEach(async () => {
  gateway = await createFakeGateway();
});
afterEach(async () => {
  vi.unstubAllGlobals();
  connection?.abort();
  await connection?.closed;
  await gateway.close();
});
const options = (rest: Partial<FetchConnectOptions> = {}): FetchConnectOptions => ({
  gateway: gateway.url,
  target: 'A',
  transport: 'websocket',
  WebSocket,
  logger: false,
  ...rest,
});

describe('connect by a WebSocket that was passed', () => {
  it('serves requests, and goes on with those in flight after a cut', async () => {
    connection = connect((request) => new Response(request.body), options({ token: 't' }));
    expect(await connection.ready).toMatchObject({ target: 'A', transport: 'websocket' });
    expect(gateway.hellos[0]).toMatchObject({ token: 't', features: [] });
    expect(gateway.hellos[0]?.agent).toMatch(/^reverse-http-connector\/\S+ node\/\d/);
    const body = new TestBody();
    for (let i = 0; i < 100; i++) body.push(Buffer.alloc(100_000, i));
    const visit = gateway.visit({ method: 'POST', body: body.end() });
    await visit.until(({ received }) => received > 1024 * 1024);
    gateway.sockets[0]!.terminate();
    await visit.done();
    expect([...new Set(visit.body)]).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect([visit.received, gateway.hellos.length]).toEqual([10_000_000, 2]);
  });

  it('serves an object with fetch, called as its method', async () => {
    class Application {
      #text = 'private';
      fetch(): Response {
        return new Response(this.#text);
      }
    }
    connection = connect(new Application(), options());
    await connection.ready;
    expect((await gateway.visit().done()).text).toBe('private');
  });

  it('tells of failed handlers, by onError or the logger', async () => {
    const told: unknown[] = [];
    const fail = (): never => {
      throw new Error('broken');
    };
    connection = connect(fail, options({ onError: (error, request) => told.push(error, request?.url) }));
    await connection.ready;
    await gateway.visit({ path: '/p' }).done();
    expect(told).toEqual([new Error('broken'), 'http://a.example/p']);
    connection.abort();
    const lines: string[] = [];
    const logger = { info() {}, warn() {}, error: (line: string) => void lines.push(line) };
    connection = connect(fail, options({ logger }));
    await connection.ready;
    await gateway.visit({ path: '/p' }).done();
    expect(lines).toEqual([expect.stringMatching(/^Handler failed \(GET http:\/\/a\.example\/p\): Error: broken\n/)]);
  });

  it('refuses what is more than maxConcurrent', async () => {
    let finish: () => void = () => {};
    const waiting = new Promise<Response>((resolve) => {
      finish = () => resolve(new Response('first'));
    });
    connection = connect(() => waiting, options({ maxConcurrent: 1 }));
    await connection.ready;
    const first = gateway.visit();
    const second = await gateway.visit().done();
    expect(second.failure).toMatchObject({ reason: 'overloaded' });
    finish();
    expect((await first.done()).text).toBe('first');
  });

  it('says what is there instead of a gateway', async () => {
    const server = createServer((_req, res) => void res.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const other = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const transport of ['websocket', 'poll'] as const) {
      connection = connect(() => new Response(), options({ gateway: other, transport, onState }));
      const states: ConnectionState[] = [];
      let heard: () => void = () => {};
      const failed = new Promise<void>((resolve) => {
        heard = resolve;
      });
      function onState(state: ConnectionState): void {
        states.push(state);
        if (state.state === 'connecting' && state.error) heard();
      }
      await failed;
      expect(states[0]).toMatchObject({ error: { code: 'not-a-gateway' } });
      connection.abort();
    }
    server.close();
  });
});

describe('connect without a WebSocket', () => {
  it('polls, and says so once', async () => {
    vi.stubGlobal('WebSocket', undefined);
    const warn = vi.fn();
    const bare = { gateway: gateway.url, target: 'A', logger: { info() {}, warn, error() {} } };
    connection = connect(() => new Response(), bare);
    expect(warn.mock.calls).toEqual([[expect.stringContaining('has no WebSocket')]]);
    connection.abort();
    connect(() => new Response(), { ...bare, transport: 'poll' }).abort();
    expect(warn).toHaveBeenCalledTimes(1);
    expect(() => connect(() => new Response(), { ...bare, transport: 'websocket' })).toThrow(
      /transport: websocket wants a WebSocket/,
    );
  });

  it('cannot do without fetch too', () => {
    vi.stubGlobal('WebSocket', undefined);
    vi.stubGlobal('fetch', undefined);
    expect(() => connect(() => new Response(), { gateway: gateway.url, target: 'A', logger: false })).toThrow(
      /wants a fetch/,
    );
  });
});

it('wants a handler that can answer', () => {
  for (const handler of [undefined, null, {}, { fetch: 5 }, 'http://x']) {
    expect(() => connect(handler as never, options())).toThrow(ReverseHttpError);
    expect(() => connect(handler as never, options())).toThrow(/give a function, or an object with a fetch method/);
  }
});
