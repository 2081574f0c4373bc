import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { resetSocket } from './reset-socket.js';

/** How a connection is cut: told by FIN or RST, or not at all, as by a NAT that forgot it. */
export type Cut = 'fin' | 'rst' | 'silence';

/** A TCP hop between connector and gateway that can be made to fail. */
export interface Middleman {
  /** Where to connect instead of the server behind it. */
  readonly url: string;
  /** The origin behind it; new connections go there. */
  behind: string;
  /** While true, WebSocket handshakes are swallowed; they pass, late, when it becomes false. */
  holdsWebSockets: boolean;
  /** Cuts all connections of the moment; new ones work. */
  cut(how: Cut): void;
  /** Cuts as soon as so many more bytes have passed, in either direction: in the middle of a message. */
  cutAfter(bytes: number, how: Cut): Promise<void>;
  close(): Promise<void>;
}

/** Stands before the server of `url`. */
export async function startMiddleman(url: string): Promise<Middleman> {
  const sockets = new Set<Socket>();
  const forgotten = new Set<Socket>();
  const accepted = new Set<Socket>();
  const held: (() => void)[] = [];
  let behind = url;
  let holds = false;
  let due: { left: number; readonly how: Cut; readonly done: () => void } | undefined;

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    near.once('readable', () => {
      const first: Buffer = near.read() ?? Buffer.alloc(0);
      near.unshift(first);
      const go = (): void => pass(near);
      if (holds && first.includes('/websocket')) held.push(go);
      else go();
    });
    near.on('error', () => {});
    accepted.add(near);
    near.on('close', () => accepted.delete(near));
  });

  function pass(near: Socket): void {
    const { hostname, port } = new URL(behind);
    const far = connect({ host: hostname, port: Number(port), noDelay: true, allowHalfOpen: true });
    join(near, far);
    join(far, near);
  }

  function join(from: Socket, to: Socket): void {
    sockets.add(from);
    from.on('data', (bytes: Buffer) => {
      if (forgotten.has(from)) return;
      if (due && due.left < bytes.length) {
        // The piece up to the cut still passes.
        if (due.how !== 'silence') to.write(bytes.subarray(0, due.left));
        return cutNow();
      }
      if (due) due.left -= bytes.length;
      if (!to.write(bytes)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => forgotten.has(from) || to.end());
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      if (!forgotten.has(from)) to.destroy();
    });
  }

  function cutNow(): void {
    const now = due!;
    due = undefined;
    cut(now.how);
    now.done();
  }

  function cut(how: Cut): void {
    for (const socket of sockets) {
      sockets.delete(socket);
      forgotten.add(socket);
      if (how === 'fin') socket.end();
      else if (how === 'rst') resetSocket(socket);
    }
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get behind() {
      return behind;
    },
    set behind(value) {
      behind = value;
    },
    get holdsWebSockets() {
      return holds;
    },
    set holdsWebSockets(value) {
      holds = value;
      if (!value) for (const go of held.splice(0)) go();
    },
    cut,
    cutAfter: (bytes, how) =>
      new Promise((done) => {
        due = { left: bytes, how, done };
      }),
    async close() {
      for (const socket of [...accepted, ...sockets, ...forgotten]) socket.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
