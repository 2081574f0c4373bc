import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { get } from 'node:http';
import { connect } from '@reverse-http/connector/node';
import { byPath, createGateway, toTarget } from '@reverse-http/gateway';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createTestServer, hashOfPattern } from '../support/test-server.js';

const total = 32 * 1024 * 1024 + 3;

// Two listeners, of which the reload takes one away: what runs on it is finished as well.
test.each(['websocket', 'poll'] as const)(
  'a download and a WebSocket run on through a reload (%s)',
  async (transport) => {
    const listener = { port: 0, routes: [byPath('/gw')] };
    const leaving = { host: '127.0.0.2', port: 0, routes: [toTarget('A')] };
    const options = { admin: 'off' as const, listeners: [listener, leaving] };
    const gateway = createGateway(options);
    await gateway.start();
    const connection = connect(createTestServer(), {
      gateway: gateway.url!,
      target: 'A',
      token: gateway.token!,
      transport,
    });
    const { url } = await connection.ready;
    const session = [...gateway.sessions.keys()];

    const socket = new WebSocket(`${url.replace('http', 'ws')}echo`);
    await once(socket, 'open');
    const path = `down?bytes=${total}`;
    const downloads = [`${url}${path}`, `${gateway.listeners[1]!.url}/${path}`].map(async (each) => {
      const [response] = await once(get(each), 'response');
      response.pause();
      return response;
    });
    const responses = await Promise.all(downloads);

    await gateway.reload({
      ...options,
      listeners: [{ port: 0, routes: [byPath('/other')] }],
      deadlines: { total: '1s' },
    });
    expect((await fetch(`${url}hello`)).status).toBe(404);
    expect(await (await fetch(`${gateway.url}/other/A/hello`)).text()).toBe('hello');

    for (const response of responses) {
      const hash = createHash('sha256');
      for await (const piece of response) hash.update(piece);
      expect(hash.digest('hex')).toBe(hashOfPattern(total));
    }
    socket.send('still there');
    expect(String((await once(socket, 'message'))[0])).toBe('still there');
    expect([...gateway.sessions.keys()]).toEqual(session);
    socket.close();
    await connection.close();
    await gateway.close();
  },
);
