import { afterEach, expect, test, vi } from 'vitest';
import { readAnswer } from '../support/read-answers.js';
import { startGateway, type TestGateway, until } from '../support/test-gateway.js';
import { untilStill } from '../support/until-still.js';

let it: TestGateway;
afterEach(() => it.close());

test('a target nobody knows: 404 at once', async () => {
  it = await startGateway();
  const visitor = await it.get('', '/gw/nobody/');
  const answer = readAnswer(await visitor.until('requestId'));
  expect(answer.status).toBe(404);
  expect(JSON.parse(answer.body)).toMatchObject({ title: 'Unknown target', delivered: 'no' });
});

test('a known target that is away: the request waits and is served by who comes', async () => {
  it = await startGateway();
  const first = await it.connect();
  first.close();
  await until(() => !it.gateway.targets.has('a'));
  const visitor = await it.visit('POST /gw/a/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello');
  const second = await it.connect();
  const request = await second.next();
  expect((await request.whole).body).toBe('hello');
  request.answer('200 OK\r\nContent-Length: LENGTH', 'fine');
  await visitor.until('fine');
});

test.each([3_600_000, -3_600_000])('the wall clock is set by %s ms: who was known stays so', async (ms) => {
  const epochMs = Date.now;
  let aheadMs = 0;
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => epochMs() + aheadMs);
  try {
    it = await startGateway({ targets: [{ match: 'named' }] });
    const first = await it.connect();
    first.close();
    await until(() => !it.gateway.targets.has('a'));
    aheadMs = ms;
    const waiting = await it.get();
    const named = await it.get('', '/gw/named/');
    (await (await it.connect()).next()).answer('200 OK\r\nContent-Length: LENGTH', 'fine');
    await waiting.until('fine');
    expect(named.text()).toBe('');
  } finally {
    clock.mockRestore();
  }
});

test('R81 that stays away: 503 after the hold, with Retry-After', async () => {
  it = await startGateway({ deadlines: { hold: 30 } });
  (await it.connect()).close();
  await until(() => !it.gateway.targets.has('a'));
  const startedAt = performance.now();
  const answer = readAnswer(await (await it.get()).until('requestId'));
  expect(performance.now() - startedAt).toBeGreaterThan(28);
  expect(answer.status).toBe(503);
  expect(answer.field('retry-after')).toBe('5');
  expect(answer.field('proxy-status')).toBe('rhttp; error=destination_unavailable; details="no-connector"');
  expect(JSON.parse(answer.body).detail).toMatch(/^Target "A" has no connector; waited \d\.\d s\.$/);
});

test('a session without a transport gets nothing new', async () => {
  it = await startGateway({ deadlines: { hold: 20 } });
  const connector = await it.connect();
  connector.webSocket.terminate();
  await until(() => it.gateway.targets.get('a')!.replicas[0]!.state === 'detached');
  expect(readAnswer(await (await it.get()).until('requestId')).status).toBe(503);
  expect(connector.requests).toHaveLength(0);
});

test('a request that was never sent moves to another session', async () => {
  it = await startGateway();
  const connector = await it.connect();
  const visitor = await it.get();
  // Lost before anything left: the head is queued when the session ends.
  it.gateway.kick('a');
  const other = await it.connect();
  (await other.next()).answer('200 OK\r\nContent-Length: LENGTH', 'fine');
  await visitor.until('fine');
  expect(connector.requests).toHaveLength(0);
});

test('a visitor that leaves while it waits is forgotten', async () => {
  it = await startGateway();
  (await it.connect()).close();
  await until(() => !it.gateway.targets.has('a'));
  const visitor = await it.get();
  visitor.socket.resetAndDestroy();
  await visitor.closed();
  const other = await it.get('', '/gw/A/2');
  const connector = await it.connect();
  expect((await connector.next()).line).toBe('GET /2 HTTP/1.1');
  await new Promise(setImmediate);
  expect(connector.requests).toHaveLength(1);
  expect(other.text()).toBe('');
});

test('a gateway that closes lets nobody wait', async () => {
  it = await startGateway();
  (await it.connect()).close();
  await until(() => !it.gateway.targets.has('a'));
  const visitor = await it.get();
  await untilStill(() => visitor.socket.bytesRead);
  const closed = it.gateway.close();
  const answer = readAnswer(await visitor.closed());
  expect(answer.status).toBe(503);
  expect(JSON.parse(answer.body).title).toBe('Draining');
  await closed;
});

test('closing a gateway does not wait for its connectors', async () => {
  it = await startGateway();
  await it.connect();
  await it.gateway.close();
});

test('R81 a connector that has as many exchanges as it may: 503 at once, not a hold', async () => {
  it = await startGateway({ deadlines: { hold: 60_000 } });
  const connector = await it.connect();
  const most = 1024;
  const visitors = await Promise.all(Array.from({ length: most }, () => it.get()));
  await until(() => connector.requests.length === most);
  const answer = readAnswer(await (await it.get()).until('requestId'));
  expect(answer.status).toBe(503);
  expect(answer.field('proxy-status')).toBe('rhttp; error=connection_limit_reached; details="overloaded"');
  connector.requests[0]!.answer('204 No Content');
  await Promise.race(visitors.map((visitor) => visitor.until('204')));
  await it.get('', '/gw/A/next');
  await until(() => connector.requests.at(-1)!.line === 'GET /next HTTP/1.1');
});
