import { connect, type Socket } from 'node:net';

/** What a case's visitor got. */
export interface RawVisit {
  readonly socket: Socket;
  text: string;
  /** Whether the connection is over. */
  closed: boolean;
  /** Resolves when `holds` or when the connection is over; rejects when neither comes. */
  until(holds: () => boolean): Promise<void>;
}

/** Longest that a case may take, ms: beyond it something hangs. */
const maxCaseMs = 20_000;

/** Connects from an address of 127/8 of the case's own, so that whoever sees a request knows whose it is. */
export function visitFrom(address: string, port: number): RawVisit {
  const socket = connect({ host: '127.0.0.1', port, localAddress: address, noDelay: true });
  let wake = (): void => {};
  const visit: RawVisit = {
    socket,
    text: '',
    closed: false,
    until: (holds) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new Error(`nothing more came; until then: ${JSON.stringify(visit.text)}`));
          socket.destroy();
        }, maxCaseMs);
        wake = () => {
          if (!visit.closed && !holds()) return;
          clearTimeout(timer);
          resolve();
        };
        wake();
      }),
  };
  socket.setEncoding('latin1');
  socket.on('data', (piece: string) => {
    visit.text += piece;
    wake();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    visit.closed = true;
    wake();
  });
  return visit;
}

/** Writes a text in pieces, a turn of the event loop between two. */
export async function writeCut(socket: Socket, text: string, cuts: readonly number[]): Promise<void> {
  let from = 0;
  for (const cut of [...cuts, text.length]) {
    if (cut > from && socket.writable) socket.write(text.slice(from, cut), 'latin1');
    from = Math.max(from, cut);
    await new Promise(setImmediate);
  }
}

/** An address of 127/8 for a number; those below 127.1.0.0 are left to others. */
export function addressOf(number: number): string {
  const bits = number % (250 * 256 * 250);
  return `127.${1 + ((bits >> 8) % 250)}.${bits & 255}.${2 + (Math.floor(bits / 64_000) % 250)}`;
}
