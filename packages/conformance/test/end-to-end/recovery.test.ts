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

  test('T13: a gateway is killed and started again: the connector comes back by itself', async () => {
    const gateway = await start('gateway');
    const { url } = gateway.ready;
    const server = await start('server', { GATEWAY: url!, TRANSPORT });
    await gateway.kill();
    await start('gateway', { PORT: new URL(url!).port });
    const response = await fetch(`${url}/gw/A/hello`);
    expect([response.status, await response.text()]).toEqual([200, 'hello']);
    expect(server.child.exitCode).toBe(null);
  });
});

/** Asks again while the gateway has not noticed that the connector is dead: it cannot give a request away that it may have. */
async function untilAnswered(url: string): Promise<string> {
  for (let tries = 0; tries < 20; tries++) {
    const response = await fetch(url);
    if (response.status === 200) return response.text();
    expect(response.status).toBe(502);
  }
  throw new Error('the dead connector still gets requests');
}
