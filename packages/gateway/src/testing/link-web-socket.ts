import type { ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';

/** What is used of a browser's `WebSocket`: what the option `WebSocket` of `connect()` has to make. */
export interface TestWebSocket {
  binaryType: string;
  readonly bufferedAmount: number;
  addEventListener(
    type: 'open' | 'message' | 'error' | 'close',
    listener: (event: { readonly type?: unknown; readonly data?: unknown; readonly message?: unknown }) => void,
  ): void;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

/** What a WebSocket needs of the link that it is made on. */
export interface WebSocketLink {
  dial(url: URL): Duplex;
  readonly duplicates: boolean;
}

/** One that does not hear the end of a WebSocket is left after this, ms of real time. */
const closeMs = 1000;

/** A class of WebSockets whose connections run over a link. */
export function webSocketOn(link: WebSocketLink): new (url: string) => TestWebSocket {
  return class extends WebSocket implements TestWebSocket {
    #sent = 0;
    #received = 0;

    constructor(url: string) {
      super(
        url,
        [],
        optionsOf(() => link.dial(new URL(url))),
      );
      // Whoever finds bytes here looks again after some ms, of a clock that stands still; the session's own bounds hold anyway.
      Object.defineProperty(this, 'bufferedAmount', { value: 0 });
    }

    override send(data: Uint8Array): void {
      super.send(data);
      if (this.#repeats(this.#sent++)) super.send(data);
    }

    override emit(event: string, ...args: unknown[]): boolean {
      const heard = super.emit(event, ...args);
      if (event === 'message' && this.#repeats(this.#received++)) super.emit(event, ...args);
      return heard;
    }

    /** Hello and welcome come before all that has a place in the stream, so a repeat of them would be none. */
    #repeats(index: number): boolean {
      return link.duplicates && index > 0;
    }
  };
}

function optionsOf(dial: () => Duplex): ClientRequestArgs {
  // In a variable first, because its types do not know closeTimeout yet.
  const options = { perMessageDeflate: false, closeTimeout: closeMs, createConnection: dial };
  return options;
}
