import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Which way bytes go: from the connector up to the gateway, or down to the connector. */
export type Way = 'up' | 'down';

/** A TCP hop that forgets connections by halves. */
export interface OneWayHop {
  /** Where to connect instead of the server behind it. */
  readonly url: string;
  /** From now on nothing comes through these ways of the connections of the moment, their ends neither; new ones work. */
  swallow(ways: readonly Way[]): void;
  close(): Promise<void>;
}

/** Stands before the server of `url`. */
export async function startOneWayHop(url: string): Promise<OneWayHop> {
  const { hostname, port } = new URL(url);
  const open = new Map<Socket, Way>();
  const deaf = new Set<Socket>();

  function join(from: Socket, to: Socket, way: Way): void {
    open.set(from, way);
    from.on('data', (bytes: Buffer) => {
      if (!deaf.has(from) && !to.write(bytes)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => deaf.has(from) || to.end());
    from.on('error', () => {}); // 'close' follows.
    from.on('close', () => {
      open.delete(from);
      if (!deaf.has(from)) to.destroy();
    });
  }

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({ host: hostname, port: Number(port), noDelay: true, allowHalfOpen: true });
    join(near, far, 'up');
    join(far, near, 'down');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    swallow(ways) {
      for (const [socket, way] of open) if (ways.includes(way)) deaf.add(socket);
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of [...open.keys(), ...deaf]) socket.destroy();
      await closed;
    },
  };
}
