import { afterEach, describe, expect, test } from 'vitest';
import { killAll, start } from '../support/processes.js';

afterEach(killAll);

describe.each(['websocket', 'poll'])('by %s', (TRANSPORT) => {
  test('a connector is killed and started again: visitors wait meanwhile, and are answered', async () => {
    const gateway = await start('gateway');
    const { url } = gateway.ready;
    const server = await start('server', { GATEWAY: url!, TRANSPORT });
    const pid = await (await fetch(`${url}/gw/A/pid`)).text();
    await server.kill();
    const waiting = untilAnswered(`${url}/gw/A/pid`);
    await start('server', { GATEWAY: url!, TRANSPORT });
    const next = await waiting;
    expect(next).toMatch(/^\d+$/);
    expect(next).not.toBe(pid);
  });

  test('a gateway is killed and started again: the connector comes back by itself', async () => {
    const gateway = await start('gateway');
    const { url } = gateway.ready;
    const server = await start('server', { GATEWAY: url!, TRANSPORT });
    await gateway.kill();
    await start('gateway', { PORT: new URL(url!).port });
    const answer = await untilAnswered(`${url}/gw/A/hello`);
    expect(answer).toBe('hello');
    expect(server.child.exitCode).toBe(null);
  });
});

/**
 * Asks again until there is an answer of the server's. A gateway that has just started knows no target (404); one that has not
 * noticed yet that the connector is dead gives it the request, and cannot give that to another one (502).
 */
async function untilAnswered(url: string): Promise<string> {
  for (;;) {
    const response = await fetch(url);
    if (response.status === 200) return response.text();
    expect([404, 502, 503]).toContain(response.status);
  }
}
