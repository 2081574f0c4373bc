import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@reverse-http/connector/node';
import { createGateway, createTokenStore } from '@reverse-http/gateway';
import { expect, test, vi } from 'vitest';
import { controlMessage, newHello, readReason, send } from '../cases/raw-poll.js';
import { startMiddleman } from '../support/middleman.js';
import { createTestServer } from '../support/test-server.js';

test.each(['websocket', 'poll'] as const)(
  'by %s, a session goes on with a token that was rotated, and outlives the old one',
  async (transport) => {
    const folder = mkdtempSync(join(tmpdir(), 'rotation-'));
    const store = createTokenStore({ path: join(folder, 'tokens.json') });
    const old = await store.create({ targets: ['A'] });
    let { token } = old;
    const gateway = createGateway({
      listeners: [{ port: 0 }],
      connectors: { tokens: join(folder, 'tokens.json') },
    });
    await gateway.start();
    const middleman = await startMiddleman(gateway.url!);
    const connection = connect(createTestServer(), {
      gateway: middleman.url,
      target: 'A',
      token: () => token,
      transport,
      logger: false,
    });
    const untilRefused = (target: string, token: string, why: string): Promise<void> =>
      vi.waitFor(
        async () => {
          const { bytes } = await send(gateway.url!, 'hello', controlMessage(0x01, newHello(target, token)));
          expect(readReason(bytes).message).toContain(why);
        },
        { timeout: 6000 },
      );
    try {
      await connection.ready;
      const url = `${gateway.url}/gw/A/`;
      const [events] = await once(get(`${url}events?id=rotation`), 'response');
      const replica = () => gateway.targets.get('a')!.replicas[0]!;
      const { session } = replica();

      const made = (await store.rotate(old.entry.id, 60_000))!;
      await untilRefused('B', made.token, 'not good for target');
      token = made.token;
      // Nobody is behind it until the transport is given up; polls are repeated for a while.
      middleman.behind = 'http://127.0.0.1:1';
      middleman.cut('rst');
      await vi.waitUntil(() => connection.state.state === 'detached', { timeout: 10_000 });
      middleman.behind = gateway.url!;
      await vi.waitUntil(() => replica().credential === made.entry.id, { timeout: 10_000 });

      expect(await store.revoke(old.entry.id)).toBe(true);
      // By then the gateway has ended all that lived by it.
      await untilRefused('A', old.token, 'was revoked at');

      const said = once(events, 'data');
      await (await fetch(`${url}say?id=rotation&text=on`)).text();
      expect(String(await said)).toBe('data: on\n\n');
      expect(replica()).toMatchObject({ session, resumes: 1 });
    } finally {
      connection.abort();
      await gateway.abort();
      await middleman.close();
      store.close();
      rmSync(folder, { recursive: true });
    }
  },
);
