import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type Application, everyWay, serve } from './application.js';

/** `/echo` says everything again; `/flood` sends; `/close` leaves; others are refused. */
function createApp(): Server {
  const server = createServer();
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: { threshold: 100 },
    handleProtocols: (offered) => (offered.has('second') ? 'second' : false),
  });
  server.on('upgrade', (request, socket, head) => {
    if (request.headers.authorization !== 'Bearer key') {
      socket.end('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nContent-Length: 2\r\n\r\nno');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => {});
      if (request.url === '/close') webSocket.close(4001, 'as it was asked');
      else if (request.url === '/flood') for (let n = 0; n < 10_000; n++) webSocket.send(`${n}`);
      else webSocket.on('message', (data, binary) => webSocket.send(data, { binary }));
    });
  });
  return server;
}

describe.each(everyWay)('ws by $transport, $route route', (way) => {
  let app: Application;
  beforeAll(async () => {
    app = await serve(createApp(), way);
  });
  afterAll(() => app.close());

  function open(path: string, headers: Record<string, string> = { Authorization: 'Bearer key' }): WebSocket {
    return new WebSocket(`${app.url.replace('http', 'ws')}${path}`, ['first', 'second'], { headers });
  }

  test('a subprotocol, texts, bytes, pings, in order; a close code each way', async () => {
    const socket = open('echo');
    await once(socket, 'open');
    expect([socket.protocol, socket.extensions]).toEqual(['second', 'permessage-deflate']);
    const sent = [randomBytes(1_000_000), 'a text', 'again and '.repeat(1000), randomBytes(0)];
    const shown = (data: string | Buffer): string => (typeof data === 'string' ? data : data.toString('base64'));
    const heard: string[] = [];
    socket.on('message', (data: Buffer, binary) => heard.push(shown(binary ? data : String(data))));
    for (const message of sent) socket.send(message);
    socket.ping('are you there');
    const [pong] = await once(socket, 'pong');
    while (heard.length < sent.length) await once(socket, 'message');
    expect([String(pong), heard]).toEqual(['are you there', sent.map(shown)]);
    socket.close(4000, 'enough');
    expect((await once(socket, 'close'))[0]).toBe(4000);
    const [code, reason] = await once(open('close'), 'close');
    expect([code, String(reason)]).toEqual([4001, 'as it was asked']);
  });

  test('ten thousand messages in a row, all of them', async () => {
    const socket = open('flood');
    let next = 0;
    await new Promise<void>((resolve, reject) => {
      socket.on('message', (data) => {
        if (String(data) !== `${next}`) reject(new Error(`${data} came in the place of ${next}`));
        else if (++next === 10_000) resolve();
      });
    });
    socket.terminate();
  });

  test('a handshake that is refused is an ordinary answer', async () => {
    const socket = open('echo', {});
    const [request, response] = await once(socket, 'unexpected-response');
    expect([response.statusCode, response.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect(String(Buffer.concat(await response.toArray()))).toBe('no');
    request.destroy();
  });
});
