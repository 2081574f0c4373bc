import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { request, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Bench, createBench, type Rhttp, type StartedGateway } from '../../../cli/test/support/rhttp.js';
import { type Listening, listenHttp } from '../../../cli/test/support/servers.js';
import { type Cut, type Middleman, startMiddleman } from '../support/middleman.js';
import { createTestServer, hashOfPattern, patternedBytes } from '../support/test-server.js';

const mib = 1024 * 1024;
const cuts: readonly Cut[] = ['rst', 'fin', 'rst'];
const visitors = 8;
const transports = ['websocket', 'poll'] as const;

/** A server behind `rhttp connect`, whose answers to /held wait until they are let go. */
interface Origin extends Listening<unknown> {
  /** Resolves when so many requests of /held are here. */
  holds(count: number): Promise<void>;
  letGo(): void;
}

// The command as processes of its own: what kill, a restart and a signal do to visitors.
describe('rhttp connect PORT', () => {
  let bench: Bench;
  let gateway: StartedGateway;
  let origins: Origin[];

  beforeEach(async () => {
    bench = createBench();
    gateway = await bench.gateway();
    origins = [await startOrigin('one'), await startOrigin('two')];
  });
  afterEach(async () => {
    await bench.end();
    await Promise.all(origins.map((origin) => origin.close()));
  });

  async function connect(origin: Origin, replica: string, transport = 'websocket', url = gateway.url): Promise<Rhttp> {
    const where = ['--target', 'A', '--gateway', url, '--token-file', gateway.tokenFile];
    const flags = [...where, '--transport', transport, '--replica', replica, '--json'];
    const rhttp = bench.start(['connect', String(origin.port), ...flags]);
    await rhttp.json({ event: 'ready' });
    return rhttp;
  }

  function visit(path: string): Promise<Response> {
    return fetch(`${gateway.url}/gw/A/${path}`, { headers: { Connection: 'close' } });
  }

  async function served(): Promise<string[]> {
    return Promise.all(Array.from({ length: visitors }, async () => (await visit('name')).text()));
  }

  // By WebSocket only: of a poller the gateway believes for ten seconds that it comes back.
  test('kill -9 of one of two replicas costs what it was answering; its restart tells those at once', async () => {
    const [one, two] = origins as [Origin, Origin];
    const first = await connect(one, 'first');
    await connect(two, 'second');
    const running = Array.from({ length: visitors }, () => visit('held'));
    // The one with the fewest requests gets the next: each has half of them.
    await Promise.all([one.holds(visitors / 2), two.holds(visitors / 2)]);

    first.signal('SIGKILL');
    await gateway.json({ event: 'detached' });
    two.letGo();
    for (let i = 0; i < 10; i++) expect(await served()).toEqual(Array(visitors).fill('two'));

    await connect(one, 'first');
    const answers = await Promise.all(running.map(async (answer) => read(await answer)));
    const lost = answers.filter(({ status }) => status !== 200);
    expect(answers.filter(({ text }) => text === 'two')).toHaveLength(visitors / 2);
    expect(lost.map(({ status, text }) => [status, JSON.parse(text).delivered])).toEqual(
      Array(visitors / 2).fill([502, 'unknown']),
    );
    expect(new Set(await served())).toEqual(new Set(['one', 'two']));
  });

  test('who asks while the only replica restarts waits for it', async () => {
    const [one, two] = origins as [Origin, Origin];
    const before = await connect(one, 'only');
    before.signal('SIGKILL');
    await gateway.json({ event: 'detached' });
    const waiting = served();
    await connect(two, 'only');
    expect(await waiting).toEqual(Array(visitors).fill('two'));
  });

  test.each(transports)(
    'by %s, SIGTERM lets a running request finish and takes no new one, then it exits with 0',
    async (transport) => {
      const [one, two] = origins as [Origin, Origin];
      const first = await connect(one, 'first', transport);
      const running = visit('held');
      await one.holds(1);
      await connect(two, 'second', transport);
      first.signal('SIGTERM');
      // From here on it takes nothing new.
      await vi.waitFor(async () => expect(await served()).toEqual(Array(visitors).fill('two')), 5000);
      one.letGo();
      expect(await read(await running)).toEqual({ status: 200, text: 'one' });
      expect(await first.exited).toBe(0);
    },
  );

  test('two clones of one name do not fight: the newer serves, the older stands by', async () => {
    const [one, two] = origins as [Origin, Origin];
    const older = await connect(one, 'clone');
    const newer = await connect(two, 'clone');
    await older.json({ event: 'standby' });
    for (let i = 0; i < 5; i++) expect(await served()).toEqual(Array(visitors).fill('two'));
    expect([older, newer].map(({ out }) => out.filter((line) => /"event":"standby"/.test(line)).length)).toEqual([
      1, 0,
    ]);
    expect(older.child.exitCode).toBeNull();
  });

  test.each(transports)(
    'by %s, the gateway ends by SIGTERM when what runs is done, and visitors wait out its restart',
    async (transport) => {
      const [one] = origins as [Origin];
      const connector = await connect(one, 'only', transport);
      const running = visit('held');
      await one.holds(1);
      gateway.signal('SIGTERM');
      await gateway.line(/^Ending: 1 running request has/);
      one.letGo();
      expect(await read(await running)).toEqual({ status: 200, text: 'one' });
      expect(await gateway.exited).toBe(0);

      gateway = await bench.gateway(['--port', new URL(gateway.url).port]);
      // They are here before the connector is back.
      expect(await served()).toEqual(Array(visitors).fill('one'));
      expect(connector.child.exitCode).toBeNull();
    },
  );

  test.each(transports)('by %s, visitors wait out a gateway that was killed and started again', async (transport) => {
    await connect(origins[0]!, 'only', transport);
    gateway.signal('SIGKILL');
    await gateway.exited;
    gateway = await bench.gateway(['--port', new URL(gateway.url).port]);
    expect(await served()).toEqual(Array(visitors).fill('one'));
  });

  describe.each(transports)('by %s, over cuts of the link', (transport) => {
    const total = 8 * mib + 7;
    let middleman: Middleman;
    let allCut: Promise<void>;

    beforeEach(async () => {
      middleman = await startMiddleman(gateway.url);
      await connect(origins[0]!, 'only', transport, middleman.url);
      allCut = (async () => {
        for (const how of cuts) await middleman.cutAfter(2 * mib, how);
      })();
    });
    afterEach(() => middleman.close());

    test('a download is whole', async () => {
      const hash = createHash('sha256');
      const response = await visit(`down?bytes=${total}`);
      for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) hash.update(piece);
      expect(hash.digest('hex')).toBe(hashOfPattern(total));
      await allCut;
    });

    test('an upload is whole', async () => {
      const upload = request(`${gateway.url}/gw/A/up`, { method: 'POST' });
      Readable.from(patternedBytes(total)).pipe(upload);
      const [response] = await once(upload, 'response');
      expect(String(Buffer.concat(await response.toArray()))).toBe(hashOfPattern(total));
      await allCut;
    });
  });
});

/** The test server, with two paths more: /name, and /held, which answers with the name as well, when it is let go. */
async function startOrigin(name: string): Promise<Origin> {
  const inner = createTestServer();
  const held: ServerResponse[] = [];
  const changed = new EventEmitter();
  const listening = await listenHttp((incoming, response) => {
    if (incoming.url === '/name') response.end(name);
    else if (incoming.url === '/held') changed.emit('held', held.push(response));
    else inner.emit('request', incoming, response);
  });
  return {
    ...listening,
    async holds(count) {
      while (held.length < count) await once(changed, 'held');
    },
    letGo() {
      for (const response of held.splice(0)) response.end(name);
    },
  };
}

async function read(response: Response): Promise<{ status: number; text: string }> {
  return { status: response.status, text: await response.text() };
}
