import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect } from '@reverse-http/connector/node';
import { createGateway, type Gateway } from '@reverse-http/gateway';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Middleman, startMiddleman } from '../support/middleman.js';
import { createTestServer } from '../support/test-server.js';

let gateway: Gateway;
let middleman: Middleman;
let connection: ReturnType<typeof connect>;
let url: string;
/** What the gateway told of the session, in order. */
let events: string[];

beforeEach(async () => {
  events = [];
  gateway = createGateway({ listeners: [{ port: 0 }], onEvent: ({ event }) => void events.push(event) });
  await gateway.start();
  middleman = await startMiddleman(gateway.url!);
  middleman.holdsWebSockets = true;
  const options = { gateway: middleman.url, target: 'A', token: gateway.token!, logger: false } as const;
  connection = connect(createTestServer(), options);
  url = `${gateway.url}/gw/A/`;
});
afterEach(async () => {
  connection.abort();
  await gateway.abort();
  await middleman.close();
});

async function isCarriedBy(name: string): Promise<void> {
  await vi.waitFor(
    () => {
      expect(gateway.targets.get('a')!.replicas[0]).toMatchObject({ state: 'attached', transport: name });
    },
    { timeout: 10_000, interval: 10 },
  );
}

test('behind a hop that swallows upgrades it is ready all the same', async () => {
  const began = performance.now();
  expect(await connection.ready).toMatchObject({ transport: 'poll' });
  expect(performance.now() - began).toBeLessThan(2000);
  expect(await (await fetch(`${url}hello`)).text()).toBe('hello');
});

test('T17: a session moves from polling to a WebSocket and back, with 100 exchanges in flight', async () => {
  await connection.ready;
  const received: string[] = [];
  const streams: IncomingMessage[] = [];
  for (let i = 0; i < 100; i++) {
    const [stream] = (await once(get(`${url}events?id=${i}`), 'response')) as [IncomingMessage];
    received[i] = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      received[i] += text;
    });
    streams.push(stream);
  }
  const expected: string[] = received.map(() => '');
  // While the link is down new requests wait at the gateway, and only so many for one address.
  const say = async (text: string, count: number): Promise<void> => {
    const ids = received.map((_, i) => i).slice(0, count);
    await Promise.all(ids.map(async (i) => (await fetch(`${url}say?id=${i}&text=${text}`)).arrayBuffer()));
    for (const i of ids) expected[i] += `data: ${text}\n\n`;
  };

  await isCarriedBy('poll');
  await say('by polling', 100);
  const moving = say('on the way up', 10);
  middleman.holdsWebSockets = false;
  await Promise.all([moving, isCarriedBy('websocket')]);
  expect(events).toEqual(['connected', 'moved']);
  expect(gateway.targets.get('a')!.replicas[0]!.resumes).toBe(0);
  await say('by WebSocket', 100);
  const falling = say('on the way down', 10);
  middleman.holdsWebSockets = true;
  middleman.cut('rst');
  await Promise.all([falling, isCarriedBy('poll')]);
  await say('by polling again', 100);

  await vi.waitFor(() => expect(received).toEqual(expected), { timeout: 5000 });
  for (const stream of streams) {
    expect(stream.destroyed).toBe(false);
    stream.destroy();
  }
});
