import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { expectProblem, startTestAdmin, type TestAdmin } from '../support/test-admin.js';
import { until } from '../support/test-gateway.js';

let admin: TestAdmin | undefined;
afterEach(async () => {
  await admin?.close();
  admin = undefined;
});

async function start(...options: Parameters<typeof startTestAdmin>): Promise<TestAdmin> {
  admin = await startTestAdmin(...options);
  return admin;
}

test('events as they happen, a sign of life, and an end when the listener closes', async () => {
  const { operations, events, listener } = await start(undefined, { events: { heartbeatMs: 20 } });
  const stream = await events();
  expect(stream.response.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  await stream.until(': connected\n\n');
  operations.emit({ event: 'kicked', targets: ['A'], message: 'two\nlines' });
  await stream.until(
    'event: kicked\ndata: {"time":"2026-01-01T00:00:00.000Z","event":"kicked","targets":["A"],"message":"two\\nlines"}\n\n',
  );
  await stream.until(': alive\n\n');
  const ended = once(stream.response, 'end');
  await listener.close();
  await ended;
  expect(stream.seen()).toMatch(/: closed: .*\n\n$/);
  expect(operations.listeners.size).toBe(0);
});

test('nobody listens to the gateway while no stream is open, and there is a bound for streams', async () => {
  const { operations, ask, events } = await start(undefined, { events: { maxStreams: 2 } });
  expect(operations.listeners.size).toBe(0);
  const first = await events();
  const second = await events();
  expect(operations.listeners.size).toBe(1);
  expectProblem(await ask('GET', '/api/v1/events'), 503, 'overloaded');
  expect(await ask('HEAD', '/api/v1/events')).toMatchObject({ text: '' });
  first.response.destroy();
  second.response.destroy();
  await until(() => operations.listeners.size === 0);
  await (await events()).until(': connected');
});

test('who does not read is let go, and others hear on', async () => {
  const { operations, events } = await start();
  const slow = await events();
  const quick = await events();
  await slow.until(': connected');
  slow.response.pause();
  const message = 'x'.repeat(60_000);
  // More than the kernel keeps for a reader.
  for (let count = 0; count < 300; count++) {
    operations.emit({ message: `${message}${count}` });
    await quick.until(`x${count}"}\n\n`);
    quick.forget();
  }
  operations.emit({ message: 'the last' });
  await quick.until('the last');
  slow.response.resume();
  await slow.until(': dropped: ');
  expect(slow.seen()).not.toContain('the last');
});
