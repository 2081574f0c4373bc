import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { get, request } from 'node:http';
import { Readable } from 'node:stream';
import { connect } from '@reverse-http/connector/node';
import { createGateway, type Gateway } from '@reverse-http/gateway';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createTestServer, hashOfPattern, patternedBytes } from '../support/test-server.js';

// Everything here holds whatever carries the session.
describe.each(['websocket', 'poll'] as const)('by %s', (transport) => {
  let gateway: Gateway;
  let url: string;
  let connection: ReturnType<typeof connect>;
  const errors: unknown[] = [];

  beforeAll(async () => {
    gateway = createGateway({ listeners: [{ port: 0 }] });
    await gateway.start();
    connection = connect(createTestServer(), {
      gateway: gateway.url!,
      target: 'A',
      token: gateway.token!,
      transport,
      onError: (error) => errors.push(error),
    });
    ({ url } = await connection.ready);
  });
  afterAll(async () => {
    await connection.close();
    await gateway.abort();
  });

  async function text(path: string): Promise<string> {
    return (await fetch(url + path)).text();
  }

  test.each(['', '&chunked'])('a body comes down whole, byte by byte (%s)', async (framing) => {
    const total = 32 * 1024 * 1024 + 3;
    const hash = createHash('sha256');
    const response = await fetch(`${url}down?bytes=${total}${framing}`);
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) hash.update(piece);
    expect(hash.digest('hex')).toBe(hashOfPattern(total));
  });

  test.each([true, false])('a body goes up whole (with its length: %s)', async (withLength) => {
    const total = 32 * 1024 * 1024 + 5;
    const upload = request(`${url}up`, { method: 'POST', headers: withLength ? { 'Content-Length': total } : {} });
    Readable.from(patternedBytes(total)).pipe(upload);
    const [response] = await once(upload, 'response');
    expect(String(Buffer.concat(await response.toArray()))).toBe(hashOfPattern(total));
  });

  test('a reader that does not read stops the handler', async () => {
    const [response] = await once(get(`${url}flood`), 'response');
    response.pause();
    let before = -1;
    await vi.waitFor(
      async () => {
        const now = Number(await text('written'));
        const settled = now === before && now > 0;
        before = now;
        expect(settled).toBe(true);
      },
      { timeout: 10_000, interval: 200 },
    );
    // Windows, and what the kernel holds on two connections.
    expect(before).toBeLessThan(32 * 1024 * 1024);
    response.destroy();
  });

  test('each event of a stream arrives when it is written', async () => {
    const [response] = await once(get(`${url}events?id=1`), 'response');
    response.setEncoding('utf8');
    for (let i = 0; i < 20; i++) {
      const arrives = once(response, 'data');
      await text(`say?id=1&text=${i}`);
      expect(await arrives).toEqual([`data: ${i}\n\n`]);
    }
    response.destroy();
  });

  test('10,000 messages each way on a WebSocket', async () => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}echo`);
    await once(socket, 'open');
    const count = 10_000;
    const received: string[] = [];
    const all = new Promise<void>((resolve) => {
      socket.on('message', (data) => received.push(String(data)) === count && resolve());
    });
    for (let i = 0; i < count; i++) socket.send(`message ${i}`);
    await all;
    expect(received).toEqual(Array.from({ length: count }, (_, i) => `message ${i}`));
    socket.close();
    await once(socket, 'close');
  });

  test('a handler that throws is answered for; others go on', async () => {
    const response = await fetch(`${url}throw`);
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ type: expect.stringMatching(/handler-failed$/), status: 500 });
    expect(errors).toHaveLength(1);
    expect(await text('hello')).toBe('hello');
  });

  test('an answer that is broken off is never taken for a whole one', async () => {
    const [response] = await once(get(`${url}break-off`), 'response');
    const broken = once(response, 'error');
    await once(response, 'data');
    await text('break');
    expect((await broken)[0]).toMatchObject({ code: 'ECONNRESET' });
    expect(response.complete).toBe(false);
  });

  test('a visitor that leaves one that never answers disturbs nobody', async () => {
    const waiting = get(`${url}never`);
    waiting.on('error', () => {});
    await once(waiting, 'socket');
    expect(await text('hello')).toBe('hello');
    waiting.destroy();
    expect(await text('hello')).toBe('hello');
  });
});
