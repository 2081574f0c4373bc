import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Lane } from './lane.js';

/** How connections are cut: both ends told by FIN or RST, or by nothing, as when a NAT forgot them. */
export type Cut = 'fin' | 'rst' | 'silence';

/** What the link is like. */
export interface LinkOptions {
  /** Default 0. */
  readonly roundTripMs?: number;
  /** In each direction. Default: without limit. */
  readonly megabitsPerSecond?: number;
}

/** A TCP hop that is far away, and can fail. */
export interface Middleman {
  /** Where to connect instead of the server behind it. */
  readonly url: string;
  /** Cuts all connections of the moment; new ones work. */
  cut(how: Cut): void;
  close(): Promise<void>;
}

// As much as a router holds: a round trip of the far link at its full rate.
const queueMs = 100;

/** Stands before the server at `behind`. */
export async function startMiddleman(behind: string, options: LinkOptions = {}): Promise<Middleman> {
  const { roundTripMs = 0, megabitsPerSecond = Number.POSITIVE_INFINITY } = options;
  const lane = { delayMs: roundTripMs / 2, bytesPerMs: (megabitsPerSecond * 1000) / 8, queueMs };
  const up = new Lane(lane);
  const down = new Lane(lane);
  const { hostname, port } = new URL(behind);
  const sockets = new Set<Socket>();
  const forgotten = new WeakSet<Socket>();

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({ host: hostname, port: Number(port), noDelay: true, allowHalfOpen: true });
    carry(near, far, up);
    carry(far, near, down);
  });

  function carry(from: Socket, to: Socket, by: Lane): void {
    sockets.add(from);
    const pass = (bytes: number, arrive: () => void): void =>
      by.pass(from, bytes, () => {
        if (!forgotten.has(from)) arrive();
      });
    from.on('data', (piece: Buffer) => pass(piece.length, () => void (to.write(piece) || from.pause())));
    to.on('drain', () => from.resume());
    from.on('end', () => pass(0, () => to.end()));
    from.on('error', () => {});
    from.on('close', (failed) => {
      sockets.delete(from);
      // Else both directions have ended, and what is still to be written is.
      if (failed) pass(0, () => (to.writableEnded ? to.destroy() : to.resetAndDestroy()));
    });
  }

  function cut(how: Cut): void {
    for (const socket of sockets) {
      sockets.delete(socket);
      forgotten.add(socket);
      if (how === 'fin') socket.end();
      // A reset while a shutdown is under way would fail, and leave the handle open.
      else if (how === 'rst' && !socket.writableEnded) socket.resetAndDestroy();
      else if (how === 'rst') socket.destroy();
      else kept.push(socket);
    }
  }
  const kept: Socket[] = [];

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of [...sockets, ...kept]) socket.destroy();
      await closed;
    },
  };
}
