import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import { Server } from 'socket.io';
import { io, type Socket } from 'socket.io-client';
import { afterEach, describe, expect, test } from 'vitest';
import { type Application, everyWay, serve } from './application.js';

/** Rooms, acknowledgements, bytes; `name` tells which replica it is. */
function createApp(name: string): HttpServer {
  const server = createServer();
  const sockets = new Server(server, { serveClient: false, connectTimeout: 20_000 });
  sockets.on('connection', (socket) => {
    socket.on('who', (answer) => answer({ name, by: socket.conn.transport.name, from: socket.handshake.address }));
    socket.on('echo', (...args) => args.pop()(...args));
    socket.on('join', async (room, answer) => {
      await socket.join(room);
      answer();
    });
    socket.on('say', (room, text) => sockets.to(room).emit('said', text));
    socket.on('leave', () => socket.disconnect(true));
  });
  return server;
}

describe.each(everyWay)('Socket.IO by $transport, $route route', (way) => {
  let app: Application;
  const clients: Socket[] = [];
  afterEach(async () => {
    for (const client of clients.splice(0)) client.disconnect();
    await app.close();
  });

  async function enter(transports: ('polling' | 'websocket')[]): Promise<Socket> {
    const socket = io(new URL(app.url).origin, {
      path: `${app.path}socket.io/`,
      transports,
      withCredentials: true,
      forceNew: true,
      reconnection: false,
    });
    clients.push(socket);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('connect_error', reject));
    return socket;
  }

  test.each([
    ['polling', ['polling']],
    ['WebSocket', ['websocket']],
    ['polling, then WebSocket', ['polling', 'websocket']],
  ] as const)('%s: what three clients say is heard', async (_name, transports) => {
    app = await serve(createApp('only'), way);
    const sockets = await Promise.all([1, 2, 3].map(() => enter([...transports])));
    const [ada, grace, other] = sockets as [Socket, Socket, Socket];
    if (transports.length > 1) {
      for (const { io: manager } of sockets) {
        if (manager.engine.transport.name !== 'websocket') await once(manager.engine as never, 'upgrade');
      }
    }
    const who = { name: 'only', by: transports.at(-1), from: expect.stringContaining('127.0.0.1') };
    expect(await ada.emitWithAck('who')).toEqual(who);
    const bytes = randomBytes(200_000);
    expect(Buffer.from(await ada.emitWithAck('echo', bytes)).equals(bytes)).toBe(true);
    await Promise.all([ada.emitWithAck('join', 'room'), grace.emitWithAck('join', 'room')]);
    const heard: string[][] = sockets.map(() => []);
    for (const [i, socket] of sockets.entries()) socket.on('said', (text) => heard[i]!.push(text));
    const texts = Array.from({ length: 100 }, (_, i) => `text ${i}`);
    for (const text of texts) other.emit('say', 'room', text);
    while (heard[0]!.length < 100 || heard[1]!.length < 100) {
      await Promise.race([once(ada as never, 'said'), once(grace as never, 'said')]);
    }
    expect(heard).toEqual([texts, texts, []]);
    const left = once(ada as never, 'disconnect');
    ada.emit('leave');
    expect((await left)[0]).toBe('io server disconnect');
  });

  test('each client stays with one of two replicas, by the cookie', async () => {
    const gateway = { targets: [{ match: 'app', affinity: 'cookie' }] } as const;
    app = await serve([createApp('one'), createApp('two')], { ...way, gateway });
    // Polling takes several requests to enter; those of one client would be spread otherwise.
    const sockets = await Promise.all(Array.from({ length: 6 }, () => enter(['polling', 'websocket'])));
    const askAll = (): Promise<string[]> =>
      Promise.all(sockets.map(async (socket) => (await socket.emitWithAck('who')).name));
    const homes = await askAll();
    for (let round = 0; round < 3; round++) {
      expect(await askAll()).toEqual(homes);
    }
    expect([...new Set(homes)].sort()).toEqual(['one', 'two']);
  });
});
