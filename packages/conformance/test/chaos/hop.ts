import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { resetSocket } from '../support/reset-socket.js';
import { Flow, type Mode, type Watcher } from './flow.js';
import { Preamble } from './preamble.js';

export type Way = 'up' | 'down';
/** What happens to an end of a connection that is cut: it hears of it by FIN or RST, or nothing. */
export type End = 'fin' | 'rst' | 'silence';

/** A strike at connections of the moment; new ones work. */
export interface Strike {
  /** It comes when so many more bytes went this way, in the middle of whatever they are. */
  readonly way: Way;
  readonly afterBytes: number;
  /** Whether only the connection is hit whose bytes they are. */
  readonly isSingle: boolean;
  apply(pair: Pair): void;
}

interface Armed extends Strike {
  left: number;
  done(): void;
}

/** A TCP hop between connector and gateway that can be made to fail: a middleman for chaos. */
export interface Hop {
  /** Where to connect instead of the gateway behind it. */
  readonly url: string;
  /** Resolves when it struck. */
  strike(strike: Strike): Promise<void>;
  /** No strike that still waits comes. */
  disarm(): void;
  /** What is not cut goes on as before. */
  mend(): void;
  /** When the session was last heard, by `performance.now()`. */
  readonly lastAt: number;
  /** Resolves at the first byte of the session from now on, with when that was. */
  heard(): Promise<number>;
  close(): Promise<void>;
}

/** A connection and its continuation. */
export class Pair {
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #up: Flow;
  readonly #down: Flow;
  #isCut = false;

  constructor(near: Socket, far: Socket, delayMs: number, watch: (pair: Pair, way: Way) => Watcher) {
    this.#near = near;
    this.#far = far;
    // The handshake of a TCP connection takes a round trip.
    const notBefore = performance.now() + 3 * delayMs;
    this.#up = new Flow(near, far, delayMs, notBefore, watch(this, 'up'));
    this.#down = new Flow(far, near, delayMs, 0, watch(this, 'down'));
    for (const socket of [near, far]) {
      socket.on('error', () => {
        if (!this.#isCut) this.cut('rst', 'rst');
      });
    }
  }

  /** What each end hears. */
  cut(near: End, far: End): void {
    this.#isCut = true;
    this.#up.mode = this.#down.mode = 'drop';
    for (const [socket, how] of [[this.#near, near] as const, [this.#far, far] as const]) {
      if (how === 'fin') socket.end();
      else if (how === 'rst') resetSocket(socket);
    }
  }

  setMode(up: Mode, down: Mode): void {
    this.#up.mode = up;
    this.#down.mode = down;
  }

  setDelay(ms: number): void {
    this.#up.delayMs = this.#down.delayMs = ms;
  }
}

/** Stands before what `behind` gives for each connection, whose bytes take `delayMs` each way. */
export async function startHop(behind: () => string, delayMs: number): Promise<Hop> {
  const pairs = new Set<Pair>();
  const sockets = new Set<Socket>();
  let due: Armed | undefined;
  let lastAt = performance.now();
  let listeners: ((at: number) => void)[] = [];

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const { hostname, port } = new URL(behind());
    const far = connect({ host: hostname, port: Number(port), noDelay: true, allowHalfOpen: true });
    const up = new Preamble();
    const preambles = { up, down: new Preamble(up) };
    const pair = new Pair(near, far, delayMs, (from, way) => ({
      room: () => (due?.way === way ? due.left : Number.POSITIVE_INFINITY),
      onBytes(bytes) {
        if (preambles[way].passes(bytes)) hear();
        if (due?.way === way) count(from, due, bytes.length);
      },
    }));
    pairs.add(pair);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('close', () => {
        sockets.delete(socket);
        pairs.delete(pair);
      });
    }
  });

  function hear(): void {
    lastAt = performance.now();
    const heard = listeners;
    if (heard.length === 0) return;
    listeners = [];
    for (const listener of heard) listener(lastAt);
  }

  function count(pair: Pair, armed: Armed, bytes: number): void {
    armed.left -= bytes;
    if (armed.left > 0) return;
    due = undefined;
    for (const each of armed.isSingle ? [pair] : [...pairs]) armed.apply(each);
    armed.done();
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    strike: (strike) =>
      new Promise((done) => {
        due = { ...strike, left: strike.afterBytes, done };
      }),
    disarm() {
      due = undefined;
    },
    mend() {
      for (const pair of pairs) {
        pair.setDelay(delayMs);
        pair.setMode('pass', 'pass');
      }
    },
    get lastAt() {
      return lastAt;
    },
    heard: () => new Promise((resolve) => listeners.push(resolve)),
    async close() {
      for (const socket of sockets) socket.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
