import type { ReverseHttpError } from '@reverse-http/protocol/errors';
import { type Clock, movedBytesOf, type Timer, type TransportHandler } from '@reverse-http/protocol/session';
import { cannotBeReached, speaksOtherwise } from '../link/dial-errors.js';
import type { DialHandler, DialledTransport, Dialler } from '../link/dialler.js';

/** What the events of different makers have in common; browsers say nothing of errors. */
export interface WebSocketEvent {
  readonly type?: unknown;
  readonly data?: unknown;
  readonly message?: unknown;
  readonly reason?: unknown;
}

/** What is used of a browser's `WebSocket`; the class of `ws` has it too. */
export interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  addEventListener(type: 'open' | 'message' | 'error' | 'close', listener: (event: WebSocketEvent) => void): void;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

/** Makes a WebSocket, as the global `WebSocket` does. */
export type WebSocketConstructor = new (url: string) => WebSocketLike;

/** Where a gateway takes WebSockets of connectors, below its URL. */
const endpoint = '.well-known/reverse-http/websocket';
/** Longest message sent, bytes. */
const maxMessageBytes = 256 * 1024;
/** Longest message taken: a gateway of another make may send more at once than ours. */
const maxPayload = 1024 * 1024;
/** More than this not yet taken by the kernel, and writing waits. */
const maxBufferedBytes = 256 * 1024;
/** How often one that waits looks whether its bytes have left, ms: nobody tells. */
const lookMs = 4;

/** Dials gateways by the runtime's own WebSocket (RFC 6455): one binary message a protocol message, no subprotocol. */
export function createWebSocketDialler(WebSocket: WebSocketConstructor, clock: Clock): Dialler {
  return {
    name: 'websocket',
    featuresFor: () => [],
    dial(gateway, handler) {
      const socket = new WebSocket(endpointOf(gateway));
      socket.binaryType = 'arraybuffer';
      return watchDial(gateway, socket, new WebSocketTransport(socket, clock), handler);
    },
  };
}

function endpointOf(gateway: string): string {
  const url = new URL(endpoint, gateway);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

function watchDial(
  gateway: string,
  socket: WebSocketLike,
  transport: WebSocketTransport,
  handler: DialHandler,
): () => void {
  let over = false;
  const fail = (event: WebSocketEvent): void => {
    if (over) return;
    over = true;
    socket.close();
    handler.onFailed(errorOfDial(gateway, event));
  };
  socket.addEventListener('open', () => {
    if (over) return;
    over = true;
    handler.onOpened(transport);
  });
  socket.addEventListener('error', fail);
  socket.addEventListener('close', fail);
  return () => {
    over = true;
    socket.close();
  };
}

function errorOfDial(gateway: string, { message }: WebSocketEvent): ReverseHttpError {
  const detail = typeof message === 'string' && message !== '' ? message : 'the WebSocket did not open';
  const foreign = /server response|Sec-WebSocket|subprotocol|header|Parse Error/i.test(detail);
  return foreign ? speaksOtherwise(gateway, detail) : cannotBeReached(gateway, detail);
}

class WebSocketTransport implements DialledTransport {
  readonly name = 'websocket';
  readonly maxMessageBytes = maxMessageBytes;
  handler: TransportHandler = { onMessage() {}, onWritable() {}, onClosed() {} };
  readonly #socket: WebSocketLike;
  readonly #clock: Clock;
  #open = true;
  #looking: Timer | undefined;
  #received = 0;
  #sent = 0;
  #detail = 'closed';

  constructor(socket: WebSocketLike, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    socket.addEventListener('message', ({ data }: WebSocketEvent) => this.#onMessage(data));
    socket.addEventListener('error', ({ message }: WebSocketEvent) => {
      if (typeof message === 'string') this.#detail = message;
    });
    socket.addEventListener('close', ({ reason }: WebSocketEvent) => {
      if (typeof reason === 'string' && reason !== '') this.#detail = reason;
      this.#leave();
    });
  }

  get writable(): boolean {
    const free = this.#open && this.#socket.bufferedAmount < maxBufferedBytes;
    if (this.#open && !free) this.#looking ??= this.#clock.setTimer(() => this.#look(), lookMs);
    return free;
  }

  /** Whole messages that came, and bytes that the runtime has handed on: as those of a socket, or a question would pass for life. */
  get movedBytes(): number {
    const { bufferedAmount: writableLength } = this.#socket;
    return movedBytesOf({ bytesRead: this.#received, bytesWritten: this.#sent, writableLength });
  }

  onAgreed(): void {}

  send(bytes: Uint8Array): void {
    if (!this.#open) return;
    this.#sent += bytes.length;
    this.#socket.send(bytes as Uint8Array<ArrayBuffer>);
  }

  close(): void {
    if (!this.#open) return;
    this.#leave();
    this.#socket.close();
  }

  #onMessage(data: unknown): void {
    if (!this.#open) return;
    if (data instanceof ArrayBuffer && data.byteLength > 0 && data.byteLength <= maxPayload) {
      this.#received += data.byteLength;
      return this.handler.onMessage(new Uint8Array(data));
    }
    this.#detail = 'a message that is not binary, or too long';
    this.close();
  }

  #look(): void {
    this.#looking = undefined;
    if (this.writable) this.handler.onWritable();
  }

  #leave(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#looking?.cancel();
    this.handler.onClosed(this.#detail);
  }
}
