import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { get, request } from 'node:http';
import { Readable } from 'node:stream';
import { connect } from '@reverse-http/connector/node';
import { createGateway, type Gateway } from '@reverse-http/gateway';
import { startTestGateway, type TestGateway } from '@reverse-http/gateway/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Cut, type Middleman, startMiddleman } from '../support/middleman.js';
import { createTestServer, hashOfPattern, patternedBytes } from '../support/test-server.js';

const mib = 1024 * 1024;
const cuts: readonly Cut[] = ['rst', 'fin', 'rst'];

// Requests that are running when the link breaks go on when it is back: nothing is lost, doubled or reordered.
describe.each(['websocket', 'poll'] as const)('by %s, over cuts of the link', (transport) => {
  let gateway: Gateway;
  let middleman: Middleman;
  let connection: ReturnType<typeof connect>;
  let url: string;

  beforeEach(async () => {
    gateway = createGateway({ listeners: [{ port: 0 }] });
    await gateway.start();
    middleman = await startMiddleman(gateway.url!);
    connection = connect(createTestServer(), {
      gateway: middleman.url,
      target: 'A',
      token: gateway.token!,
      transport,
      logger: false,
    });
    await connection.ready;
    url = `${gateway.url}/gw/A/`;
  });
  afterEach(async () => {
    connection.abort();
    await gateway.abort();
    await middleman.close();
  });

  /** Cuts at so many bytes, again and again; resolves when all cuts were made. */
  async function cutEvery(bytes: number): Promise<void> {
    for (const how of cuts) await middleman.cutAfter(bytes, how);
  }

  function resumes(): number {
    return gateway.targets.get('a')!.replicas[0]!.resumes;
  }

  test('a download', { timeout: 90_000 }, async () => {
    const total = 32 * mib + 11;
    const allCut = cutEvery(6 * mib);
    const hash = createHash('sha256');
    const response = await fetch(`${url}down?bytes=${total}`);
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) hash.update(piece);
    expect(hash.digest('hex')).toBe(hashOfPattern(total));
    await allCut;
    if (transport === 'websocket') expect(resumes()).toBe(cuts.length);
  });

  test('an upload', { timeout: 90_000 }, async () => {
    const total = 32 * mib + 13;
    const allCut = cutEvery(6 * mib);
    const upload = request(`${url}up`, { method: 'POST' });
    Readable.from(patternedBytes(total)).pipe(upload);
    const [response] = await once(upload, 'response');
    expect(String(Buffer.concat(await response.toArray()))).toBe(hashOfPattern(total));
    await allCut;
  });

  test('a WebSocket and an event stream', { timeout: 90_000 }, async () => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}echo`);
    await once(socket, 'open');
    const [events] = await once(get(`${url}events?id=cuts`), 'response');
    events.setEncoding('utf8');
    let streamed = '';
    events.on('data', (text: string) => {
      streamed += text;
    });
    const echoed: string[] = [];
    socket.on('message', (data) => echoed.push(String(data)));
    const said: string[] = [];
    for (let i = 0; i < cuts.length * 4; i++) {
      if (i % 4 === 1) middleman.cut(cuts[(i - 1) / 4]!);
      const echo = once(socket, 'message');
      socket.send(`message ${i}`);
      await (await fetch(`${url}say?id=cuts&text=${i}`)).text();
      said.push(`data: ${i}\n\n`);
      await echo;
    }
    while (streamed.length < said.join('').length) await once(events, 'data');
    expect(streamed).toBe(said.join(''));
    expect(echoed).toEqual(said.map((_, i) => `message ${i}`));
    socket.close();
    events.destroy();
  });
});

// The same over links that fall silent without a word, which is noticed by time alone: so on a clock of the test's.
describe.each(['websocket', 'poll'] as const)('by %s, over links that fall silent', (transport) => {
  let gateway: TestGateway;
  let beganAt: number;

  beforeEach(async () => {
    gateway = await startTestGateway();
    await connect(createTestServer(), gateway.connectOptions({ target: 'A', transport })).ready;
    beganAt = gateway.clock.now();
  });
  afterEach(() => gateway.close());

  /** Each silence was waited for until it was noticed; nothing else here takes time. */
  function expectSilences(count: number): void {
    expect(gateway.clock.now() - beganAt).toBeGreaterThan(count * 1000);
  }

  test('a download', async () => {
    const total = 8 * mib + 11;
    const hash = createHash('sha256');
    let received = 0;
    let silences = 0;
    const { body } = await gateway.fetch(`/gw/A/down?bytes=${total}`);
    const read = async (): Promise<void> => {
      for await (const piece of body as unknown as AsyncIterable<Uint8Array>) {
        hash.update(piece);
        received += piece.length;
        if (received < (silences + 1) * 2 * mib) continue;
        silences++;
        gateway.link.halfOpen();
      }
    };
    await gateway.clock.until(read());
    expect(hash.digest('hex')).toBe(hashOfPattern(total));
    expect(silences).toBe(4);
    // A connection that falls silent between two posts is missed by nobody: the next one takes a new one.
    if (transport === 'websocket') expectSilences(4);
  });

  test('an upload', async () => {
    const total = 8 * mib + 13;
    let sent = 0;
    let silences = 0;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for (const piece of patternedBytes(total)) {
        yield piece;
        sent += piece.length;
        if (sent < (silences + 1) * 2 * mib) continue;
        silences++;
        gateway.link.halfOpen();
      }
    };
    const body = Readable.toWeb(Readable.from(source())) as ReadableStream;
    const answer = await gateway.clock.until(gateway.fetch('/gw/A/up', { method: 'POST', body }));
    expect(await answer.text()).toBe(hashOfPattern(total));
    expect(silences).toBe(4);
    expectSilences(4);
  });

  test('a WebSocket and an event stream', async () => {
    const socket = new WebSocket('ws://localhost/gw/A/echo', { createConnection: () => gateway.dial() });
    await once(socket, 'open');
    const events = (await gateway.fetch('/gw/A/events?id=silent')).body!.getReader();
    for (let i = 0; i < 8; i++) {
      if (i % 3 === 1) gateway.link.halfOpen();
      const echo = once(socket, 'message');
      socket.send(`message ${i}`);
      const said = gateway.fetch(`/gw/A/say?id=silent&text=${i}`);
      const [[echoed], { value }] = await gateway.clock.until(Promise.all([echo, events.read(), said]));
      expect([String(echoed), String(Buffer.from(value!))]).toEqual([`message ${i}`, `data: ${i}\n\n`]);
    }
    expectSilences(3);
    socket.terminate();
  });
});
