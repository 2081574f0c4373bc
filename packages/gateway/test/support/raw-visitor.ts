import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A visitor that sends and receives bytes. */
export interface RawVisitor<Connection extends Duplex = Socket> {
  readonly socket: Connection;
  /** Everything received so far, as latin1. */
  text(): string;
  send(text: string | Uint8Array): void;
  /** Sends nothing more. */
  halfClose(): void;
  /** Resolves when what was received (or its length) matches; rejects when the connection ends before. */
  until(pattern: RegExp | string | ((length: number) => boolean)): Promise<string>;
  /** Resolves with everything when the gateway ended its side. */
  ended(): Promise<string>;
  /** Resolves with everything when the connection is over. */
  closed(): Promise<string>;
  /** How the connection ended: `ECONNRESET`, `end` for a clean one; undefined while it is there. */
  readonly ending: string | undefined;
}

/** Connects to a listener's URL, sends `request`, and closes its side when the gateway has, unless told not to. */
export async function visit(url: string, request?: string, answersEnd = true): Promise<RawVisitor> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true });
  const visitor = visitBy(socket, answersEnd);
  await once(socket, 'connect');
  if (request !== undefined) visitor.send(request);
  return visitor;
}

/** The same on a connection that is there. */
export function visitBy<Connection extends Duplex>(socket: Connection, answersEnd = true): RawVisitor<Connection> {
  const pieces: string[] = [];
  let received = '';
  let length = 0;
  let sawEnd = false;
  let sawClose = false;
  let ending: string | undefined;
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    const all = waiting;
    waiting = [];
    for (const fn of all) fn();
  };
  const changed = (): Promise<void> => new Promise((resolve) => void waiting.push(resolve));
  const text = (): string => {
    if (pieces.length > 0) received += pieces.splice(0).join('');
    return received;
  };
  socket.setEncoding('latin1');
  socket.on('data', (piece: string) => {
    pieces.push(piece);
    length += piece.length;
    wake();
  });
  socket.on('end', () => {
    sawEnd = true;
    ending ??= 'end';
    if (answersEnd) socket.end();
    wake();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    ending = error.code;
  });
  socket.on('close', () => {
    sawEnd = sawClose = true;
    ending ??= 'destroyed';
    wake();
  });
  return {
    socket,
    text,
    send: (bytes) => void (typeof bytes === 'string' ? socket.write(bytes, 'latin1') : socket.write(bytes)),
    halfClose: () => void socket.end(),
    async until(pattern) {
      const found = (): boolean => {
        if (typeof pattern === 'function') return pattern(length);
        return typeof pattern === 'string' ? text().includes(pattern) : pattern.test(text());
      };
      while (!found()) {
        if (sawEnd) throw new Error(`ended (${ending}) before ${pattern}; received: ${text().slice(0, 2000)}`);
        await changed();
      }
      return text();
    },
    async ended() {
      while (!sawEnd) await changed();
      return text();
    },
    async closed() {
      while (!sawClose) await changed();
      return text();
    },
    get ending() {
      return ending;
    },
  };
}
