import { connect } from '@reverse-http/connector';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '@reverse-http/gateway/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { isSettled } from './is-settled.js';

let gateway: TestGateway;
afterEach(() => gateway.close());

const start = async (options?: TestGatewayOptions): Promise<void> => {
  gateway = await startTestGateway(options);
};
const never = (): Promise<Response> => new Promise(() => {});
const reasonOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { type: string }).type.replace(/^.*\//, '');

// By the connector's root entry, which browsers have.
const connected = async (handler: () => Promise<Response> | Response = () => new Response('hello')) => {
  const connection = connect(handler, gateway.connectOptions({ target: 'A' }));
  await connection.ready;
  return connection;
};

describe('what passes when the clock is moved, and not before', () => {
  test('the hold of a known target that is away', async () => {
    await start();
    const connection = await connected();
    await gateway.clock.until(connection.close());
    const answer = gateway.fetch('/gw/A/');
    const isAnswered = isSettled(answer);
    await gateway.clock.advance(4999);
    expect(isAnswered()).toBe(false);
    await gateway.clock.advance(1);
    expect([(await answer).status, await reasonOf(await answer)]).toEqual([503, 'no-connector']);
  });

  test('the hold, of another length, when the target comes back', async () => {
    await start({ deadlines: { hold: '1m' } });
    await gateway.clock.until((await connected()).close());
    const answer = gateway.fetch('/', { target: 'A' });
    await gateway.clock.advance(59_000);
    await connected();
    expect(await (await answer).text()).toBe('hello');
  });

  test('a known target is forgotten after ten minutes', async () => {
    await start();
    await gateway.clock.until((await connected()).close());
    await gateway.clock.advance(10 * 60_000);
    await connected();
    expect((await gateway.fetch('/gw/B/')).status).toBe(404);
  });

  test('the first byte, and an answer that stands still', async () => {
    await start({ deadlines: { firstByte: '20s', idle: '30s' } });
    await connected(never);
    const answer = gateway.fetch('/gw/A/');
    const isAnswered = isSettled(answer);
    await gateway.clock.advance(20_000);
    expect(isAnswered()).toBe(false);
    await gateway.clock.advance(200);
    expect([(await answer).status, await reasonOf(await answer)]).toEqual([504, 'first-byte-timeout']);
  });

  test('the rate of a target', async () => {
    await start({ targets: [{ match: 'A', limits: { requestsPerSecond: 2 } }] });
    await connected();
    const statuses = async (): Promise<number[]> =>
      Promise.all(Array.from({ length: 3 }, async () => (await gateway.fetch('/gw/A/')).status));
    expect(await statuses()).toEqual([200, 200, 429]);
    await gateway.clock.advance(1000);
    expect(await statuses()).toEqual([200, 200, 429]);
  });

  test('a credential that expires: its session ends, and the connector is told', async () => {
    let expiresAt = 0;
    await start({ auth: ({ token }) => (token === 't' ? { targets: ['*'], expiresAt } : undefined) });
    expiresAt = gateway.clock.epochMs() + 3_600_000;
    expect(gateway.token).toBeUndefined();
    const connection = connect(never, gateway.connectOptions({ target: 'A', token: 't' }));
    await connection.ready;
    await gateway.clock.advance(3_599_999);
    expect(connection.state.state).toBe('ready');
    await gateway.clock.advance(1);
    expect((await connection.closed).code).toBe('revoked');
  });

  test('a standby asks once a minute, and takes over when the newer one is gone', async () => {
    await start();
    const options = { target: 'A', replica: 'same' };
    const older = connect(() => new Response('older'), gateway.connectOptions(options));
    await older.ready;
    const newer = connect(() => new Response('newer'), gateway.connectOptions(options));
    await newer.ready;
    await gateway.clock.settle();
    expect(older.state.state).toBe('standby');
    await gateway.clock.until(newer.close());
    await gateway.clock.advance(60_000);
    expect(older.state.state).toBe('ready');
    expect(await (await gateway.fetch('/gw/A/')).text()).toBe('older');
  });

  test('an idle visitor is let go', async () => {
    await start();
    const visitor = gateway.dial();
    const ended = new Promise((resolve) => visitor.resume().once('end', resolve));
    const isEnded = isSettled(ended);
    await gateway.clock.advance(9000);
    expect(isEnded()).toBe(false);
    await gateway.clock.advance(3000);
    expect(isEnded()).toBe(true);
  });
});

test('an hour without anything takes no time worth speaking of, and all is well after it', async () => {
  await start();
  const connection = await connected();
  await gateway.clock.advance(3_600_000);
  expect(connection.state.state).toBe('ready');
  expect(gateway.clock.epochMs() - connection.lastRoundTripAt!).toBeLessThan(20_000);
});

test('settle() waits for what a handler does in turns of its own', async () => {
  await start();
  await connected(async () => {
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    return new Response('hello');
  });
  const isAnswered = isSettled(gateway.fetch('/gw/A/'));
  await gateway.clock.settle();
  expect(isAnswered()).toBe(true);
});

test('until() moves time as far as a promise wants it, and gives up after an hour', async () => {
  await start({ deadlines: { hold: '40s' } });
  await gateway.clock.until((await connected()).close());
  const before = gateway.clock.now();
  const { status } = await gateway.clock.until(gateway.fetch('/gw/A/'));
  expect([status, gateway.clock.now() - before]).toEqual([503, 40_000]);
  await expect(
    gateway.clock.until(gateway.fetch('http://other.example/', { signal: AbortSignal.abort(5) })),
  ).rejects.toBe(5);
  await expect(gateway.clock.until(new Promise(() => {}))).rejects.toThrow('an hour');
});

test('settle() does not wait for what never ends', async () => {
  await start();
  const endless = new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setImmediate(resolve));
      controller.enqueue(Buffer.from('on and on'));
    },
  });
  await connected(() => new Response(endless));
  const { body } = await gateway.fetch('/gw/A/');
  const sink = new WritableStream();
  const leaving = new AbortController();
  const piped = body!.pipeTo(sink, { signal: leaving.signal });
  await gateway.clock.settle();
  leaving.abort(5);
  await expect(piped).rejects.toBe(5);
});

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('%s is no time, and no number of bytes', async (wrong) => {
  await start();
  const refused = expect.objectContaining({ name: 'RangeError', message: expect.stringContaining(`${wrong}`) });
  await expect(gateway.clock.advance(wrong)).rejects.toEqual(refused);
  expect(() => gateway.link.delay(wrong)).toThrow(refused);
  expect(() => gateway.link.cutAfter(wrong)).toThrow(refused);
});
