import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GatewayOptions } from '../../src/index.js';
import { type RawVisitor, visit } from '../support/raw-visitor.js';
import { readAnswer } from '../support/read-answers.js';
import { stuckSource } from '../support/scripted-connector.js';
import { startGateway, type TestGateway, until } from '../support/test-gateway.js';

// Two listeners of one gateway, for the same targets: the first has deadlines of its own, the second has the gateway's.
const patient = { deadlines: { firstByte: '60s', hold: '60s', head: '60s' } } satisfies GatewayOptions;
const routes = [{ path: '/gw' }];

let it: TestGateway;
let visitors: RawVisitor[];
beforeEach(() => {
  visitors = [];
});
afterEach(async () => {
  for (const { socket } of visitors) socket.destroy();
  await it.close();
});

async function start(
  own: NonNullable<GatewayOptions['listeners']>[0]['deadlines'],
  more: GatewayOptions = {},
): Promise<void> {
  const listeners = [
    { port: 0, routes, ...(own ? { deadlines: own } : {}) },
    { port: 0, routes },
  ];
  it = await startGateway({ ...patient, listeners, ...more });
}

/** Sends to the first listener, or the second. */
async function send(listener: number, bytes = 'GET /gw/A/ HTTP/1.1\r\nHost: localhost\r\n\r\n'): Promise<RawVisitor> {
  const visitor = await visit(it.gateway.listeners[listener]!.url, bytes);
  visitors.push(visitor);
  return visitor;
}

/** What the first listener answered, when the second has not. */
async function answerOfFirst(bytes?: string): Promise<string> {
  const [first, second] = [await send(0, bytes), await send(1, bytes)];
  const { status, body } = readAnswer(await first.until('requestId'));
  expect(second.text()).toBe('');
  return `${status} ${JSON.parse(body).title}`;
}

describe("a listener's own deadlines", () => {
  test('for the first byte', async () => {
    await start({ firstByte: 50 });
    await it.connect();
    expect(await answerOfFirst()).toBe('504 First byte timeout');
  });

  test('for all of an exchange', async () => {
    await start({ total: 50 });
    await it.connect();
    expect(await answerOfFirst()).toMatch(/^504/);
  });

  test('for a stream in which nothing moves', async () => {
    await start({ idle: 50 });
    const connector = await it.connect();
    const [first, second] = [await send(0), await send(1)];
    for (let i = 0; i < 2; i++) (await connector.next()).answer('200 OK', stuckSource('begun'));
    await first.closed();
    expect(await second.until('begun')).toContain('begun');
    expect(second.ending).toBeUndefined();
  });

  test('for a target that is away', async () => {
    await start({ hold: 30 });
    (await it.connect()).close();
    await until(() => !it.gateway.targets.has('a'));
    expect(await answerOfFirst()).toBe('503 No connector');
  });

  test('for a head that does not come whole', async () => {
    await start({ head: 50 });
    expect(await answerOfFirst('GET /gw/A/ HTTP/1.1\r\nHost: loc')).toBe('408 Request timeout');
  });

  test('for a connection that waits for its next request', async () => {
    await start({ keepAlive: 50 });
    const answering = await it.connect();
    const [first, second] = [await send(0), await send(1)];
    for (let i = 0; i < 2; i++) (await answering.next()).answer('200 OK\r\nContent-Length: LENGTH', 'done');
    expect(await first.ended()).toMatch(/done$/);
    await second.until('done');
    expect(second.ending).toBeUndefined();
  });

  test('do not hold for a target that the operator says something else of', async () => {
    await start({ firstByte: 50, hold: 30 }, { targets: [{ match: 'a', deadlines: { firstByte: '60s' } }] });
    await it.connect();
    await it.connect({ target: 'B' });
    const ofA = await send(0);
    const ofB = await send(0, 'GET /gw/B/ HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(readAnswer(await ofB.until('requestId')).status).toBe(504);
    expect(ofA.text()).toBe('');
  });

  test('are others after a reload, for the next request', async () => {
    await start(undefined);
    await it.connect();
    const before = await send(0);
    await until(() => it.gateway.targets.get('a')!.replicas[0]!.requests === 1);
    const listeners = [
      { port: 0, routes, deadlines: { firstByte: 50, head: 50 } },
      { port: 0, routes },
    ];
    await it.gateway.reload({ ...patient, listeners });
    expect(await answerOfFirst()).toBe('504 First byte timeout');
    expect(await answerOfFirst('GET /gw/A/ HTTP/1.1\r\nHost: loc')).toBe('408 Request timeout');
    expect(before.text()).toBe('');
  });
});

test.each(['off', '2d', 0])('%s is no time for a head or an idle connection', async (time) => {
  await start(undefined);
  for (const name of ['head', 'keepAlive']) {
    const options: GatewayOptions = { listeners: [{ port: 0, deadlines: { [name]: time } }] };
    await expect(it.gateway.reload(options)).rejects.toThrow(`listeners[0].deadlines.${name}: `);
  }
});
