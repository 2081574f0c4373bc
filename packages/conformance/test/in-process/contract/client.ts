import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { readAnswer } from './read-answer.js';

/** A visitor: sends bytes, and takes what comes. */
export interface Client {
  readonly socket: Socket;
  send(text: string): void;
  /** Resolves when what came has `text` in it; rejects when the connection ends before. */
  until(text: string): Promise<void>;
  /** Resolves when this many answers came whole, or the connection is over. */
  answered(count?: number): Promise<void>;
  /** Resolves when the other side has ended. */
  ended(): Promise<void>;
  /** Breaks the connection off. */
  leave(): void;
  /** What came, in the words of a row. */
  readonly got: readonly string[];
}

/** Connects to a port of this machine. */
export async function openClient(port: number): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  let text = '';
  let over = false;
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    const all = waiting;
    waiting = [];
    for (const fn of all) fn();
  };
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise<void>((resolve) => void waiting.push(resolve));
  };
  const finish = (): void => {
    over = true;
    wake();
  };
  let isHead = false;
  const answers = (): ReturnType<typeof readAnswer>[] => {
    const found = [];
    for (let at = 0; ; ) {
      const answer = readAnswer(text, at, isHead, over);
      if (answer.end === at) return found;
      at = answer.end;
      found.push(answer);
    }
  };
  socket.setEncoding('latin1');
  socket.on('data', (piece: string) => {
    text += piece;
    wake();
  });
  socket.on('end', finish).on('close', finish).on('error', finish);
  await once(socket, 'connect');
  return {
    socket,
    send(bytes) {
      if (bytes.startsWith('HEAD ')) isHead = true;
      socket.write(bytes, 'latin1');
    },
    async until(part) {
      await until(() => over || text.includes(part));
      if (!text.includes(part)) throw new Error(`ended before "${part}": ${text.slice(0, 1000)}`);
    },
    answered: (count = 1) => until(() => over || answers().filter(({ final }) => final).length >= count),
    ended: () => until(() => over),
    leave: () => void socket.resetAndDestroy(),
    get got() {
      const found = answers();
      return found.length > 0 ? found.flatMap(({ lines }) => lines) : ['no answer'];
    },
  };
}
