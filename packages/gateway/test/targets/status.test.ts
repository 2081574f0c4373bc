import { afterEach, describe, expect, test } from 'vitest';
import type { GatewayEvent } from '../../src/index.js';
import { createEventFeed } from '../../src/targets/event-feed.js';
import { startGateway, type TestGateway, until } from '../support/test-gateway.js';

let it: TestGateway;
afterEach(() => it?.close());

describe('targets and sessions', () => {
  test('show who is connected, looked up without case', async () => {
    it = await startGateway({ auth: () => ({ id: 'key-1', owner: 'acme' }) });
    const { gateway, url } = it;
    expect([gateway.targets.size, gateway.sessions.size]).toEqual([0, 0]);
    const connector = await it.connect({ target: 'Camera-7' });
    const session = connector.welcome.session;
    const status = gateway.targets.get('CAMERA-7')!;
    const common = {
      session,
      state: 'attached',
      transport: 'websocket',
      agent: 'test',
      labels: {},
      peer: '127.0.0.1',
      credential: 'key-1',
      owner: 'acme',
      requests: 0,
      running: 0,
      resumes: 0,
    };
    const port = new URL(url).port;
    expect(status).toEqual({
      target: 'Camera-7',
      urls: [`${url}/gw/Camera-7/`, `http://camera-7.localhost:${port}/`],
      owner: 'acme',
      since: expect.any(String),
      requests: 0,
      running: 0,
      bytesIn: 0,
      bytesOut: 0,
      replicas: [{ ...common, replica: 'r1', since: expect.any(String) }],
    });
    expect(Math.abs(Date.parse(status.since) - Date.now())).toBeLessThan(60_000);
    expect([...gateway.targets.keys()]).toEqual(['Camera-7']);
    expect([...gateway.targets.values()]).toEqual([status]);
    expect([...gateway.targets]).toEqual([['Camera-7', status]]);
    const targets = [{ target: 'Camera-7', replica: 'r1' }];
    expect(gateway.sessions.get(session)).toEqual({ ...common, since: expect.any(String), targets });
    const seen: string[] = [];
    gateway.sessions.forEach((_, key, map) => void seen.push(key, `${map.has(key)}`));
    expect(seen).toEqual([session, 'true']);
  });

  test('count requests and bytes, whatever becomes of them', async () => {
    it = await startGateway();
    const connector = await it.connect();
    const { gateway } = it;
    const visitor = await it.visit('POST /gw/A/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello');
    const request = await connector.next();
    await request.whole;
    expect(gateway.targets.get('A')).toMatchObject({
      requests: 1,
      running: 1,
      replicas: [{ requests: 1, running: 1 }],
    });
    request.answer('200 OK\r\nContent-Length: LENGTH', 'welcome');
    await visitor.until('welcome');
    await until(() => gateway.targets.get('A')!.running === 0);
    expect(gateway.targets.get('A')).toMatchObject({ requests: 1, bytesIn: 5, bytesOut: 7 });
    const gone = await it.get();
    await connector.next();
    gone.socket.resetAndDestroy();
    await until(() => gateway.targets.get('A')!.running === 0);
    expect(gateway.targets.get('A')).toMatchObject({ requests: 2, bytesIn: 5, bytesOut: 7 });
  });

  test('a session without a transport is shown as detached', async () => {
    it = await startGateway();
    const connector = await it.connect();
    connector.webSocket.terminate();
    await until(() => it.gateway.targets.get('A')!.replicas[0]!.state === 'detached');
    expect(it.gateway.sessions.size).toBe(1);
    connector.close();
    it.gateway.kick('A');
    expect([it.gateway.targets.size, it.gateway.sessions.size]).toEqual([0, 0]);
  });
});

describe('events', () => {
  test('tell who comes, detaches, leaves', async () => {
    const events: GatewayEvent[] = [];
    it = await startGateway();
    const stop = it.gateway.subscribe((event) => void events.push(event));
    const connector = await it.connect();
    connector.webSocket.terminate();
    await until(() => events.length === 2);
    it.gateway.kick('A');
    stop();
    await it.connect();
    expect(events.map(({ event, code }) => [event, code])).toEqual([
      ['connected', undefined],
      ['detached', undefined],
      ['kicked', 'kicked'],
      ['disconnected', 'kicked'],
    ]);
    const { session } = connector.welcome;
    expect(events[0]).toMatchObject({
      session,
      targets: ['A'],
      replica: 'r1',
      transport: 'websocket',
      peer: '127.0.0.1',
    });
  });

  test('a listener that throws keeps nobody else from hearing', () => {
    const [errors, heard]: unknown[][] = [[], []];
    const feed = createEventFeed(
      (error) => void errors!.push(error),
      () => 0,
    );
    feed.emit({ event: 'connected' }); // Nobody listens.
    feed.subscribe(() => {
      throw new Error('a bug');
    });
    const listener = (event: unknown): void => void heard!.push(event);
    const stops = [feed.subscribe(listener), feed.subscribe(listener)];
    stops[0]!();
    stops[0]!();
    feed.emit({ event: 'draining' });
    expect(errors).toMatchObject([{ message: 'a bug' }]);
    expect(heard).toEqual([{ time: '1970-01-01T00:00:00.000Z', event: 'draining' }]);
  });
});

describe('limits of a target', () => {
  const targets = [
    { match: 'few', limits: { concurrent: 1 } },
    { match: 'slow-*', limits: { requestsPerSecond: 2 } },
  ];

  test('concurrent: 503 overloaded beyond it, and room again when one is over', async () => {
    it = await startGateway({ targets });
    const connector = await it.connect({ target: 'Few' });
    const first = await it.get('', '/gw/few/');
    const request = await connector.next();
    const second = await it.get('', '/gw/few/');
    expect(await second.until('requestId')).toMatch(/^HTTP\/1\.1 503 .*"Overloaded".*"delivered":"no"/s);
    request.answer('204 No Content');
    await first.until('204');
    await it.get('', '/gw/few/3');
    expect((await connector.next()).line).toBe('GET /3 HTTP/1.1');
  });

  test('requests a second: 429 rate-limited with Retry-After', async () => {
    it = await startGateway({ targets });
    await it.connect({ target: 'slow-1', onRequest: (request) => request.answer('204 No Content') });
    for (let i = 0; i < 2; i++) await (await it.get('', '/gw/slow-1/')).until('204');
    const text = await (await it.get('', '/gw/SLOW-1/')).until('requestId');
    expect(text).toMatch(/^HTTP\/1\.1 429 Too Many Requests\r\n.*Retry-After: 1\r\n/s);
  });
});
