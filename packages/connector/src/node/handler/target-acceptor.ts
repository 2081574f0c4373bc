import { resetCodeOf } from '@reverse-http/protocol/errors';
import { Metadata } from '@reverse-http/protocol/exchange';
import { latin1 } from '@reverse-http/protocol/http1';
import type { MuxStream, StreamHandler } from '@reverse-http/protocol/mux';
import type { HandlerAcceptor } from './node-handler.js';

const colon = 0x3a;
const lf = 0x0a;
const targetLine = `:${Metadata.Target} `;

/** Gives each exchange to the acceptor of the target that its head names; `acceptors` by target id in lower case. */
export function createTargetAcceptor(acceptors: ReadonlyMap<string, HandlerAcceptor>): HandlerAcceptor {
  const all = [...acceptors.values()];
  const only = all.length === 1 ? all[0] : undefined;
  const whole: HandlerAcceptor = {
    get active() {
      return all.reduce((sum, { active }) => sum + active, 0);
    },
    onIdle: undefined,
    accept: (stream) => (only ? only.accept(stream) : new Undecided(stream, acceptors)),
    close() {
      for (const acceptor of all) acceptor.close?.();
    },
  };
  for (const acceptor of all) {
    acceptor.onIdle = () => {
      if (whole.active === 0) whole.onIdle?.();
    };
  }
  return whole;
}

/** An exchange until its head has come: who takes it hears the head first, and everything after it. */
class Undecided implements StreamHandler {
  readonly #stream: MuxStream;
  readonly #acceptors: ReadonlyMap<string, HandlerAcceptor>;

  constructor(stream: MuxStream, acceptors: ReadonlyMap<string, HandlerAcceptor>) {
    this.#stream = stream;
    this.#acceptors = acceptors;
  }

  onHead(bytes: Uint8Array, interim: boolean, ended: boolean): void {
    const stream = this.#stream;
    const acceptor = this.#acceptors.get(targetOf(bytes).toLowerCase());
    if (!acceptor) return stream.reset(resetCodeOf('bad-request'), 'a target that this connector does not serve');
    stream.handler = acceptor.accept(stream);
    stream.handler.onHead(bytes, interim, ended);
  }

  // The head comes first, or nothing does.
  onData(): void {}
  onEnd(): void {}
  onReset(): void {}
}

/** What the `:target` line of a request head says; empty where there is none. The head is checked by who takes it. */
function targetOf(bytes: Uint8Array): string {
  let at = bytes.indexOf(lf) + 1;
  while (at > 0 && bytes[at] === colon) {
    const end = bytes.indexOf(lf, at);
    const line = latin1(bytes, at, end < 0 ? bytes.length : end).trimEnd();
    if (line.startsWith(targetLine)) return line.slice(targetLine.length);
    at = end + 1;
  }
  return '';
}
