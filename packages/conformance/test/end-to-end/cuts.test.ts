import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { get, request } from 'node:http';
import { Readable } from 'node:stream';
import { connect } from '@reverse-http/connector/node';
import { createGateway, type Gateway } from '@reverse-http/gateway';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Cut, type Middleman, startMiddleman } from '../support/middleman.js';
import { createTestServer, hashOfPattern, patternedBytes } from '../support/test-server.js';

const mib = 1024 * 1024;
/** One of them without a word: it takes seconds to be noticed. */
const cuts: readonly Cut[] = ['rst', 'silence', 'fin'];

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
      keepAlive: 1000,
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
