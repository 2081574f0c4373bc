import type { Duplex } from 'node:stream';
import { type Clock, movedBytesOf, type Transport, type TransportHandler } from '@reverse-http/protocol/session';
import type { WebSocket } from 'ws';
import type { TunnelReads } from './tunnel-reads.js';

/** Longest message, bytes: one batch. */
const maxMessageBytes = 256 * 1024;
/** A peer that does not close its side is left after this, ms. */
const closeMs = 1000;

const deaf: TransportHandler = { onMessage() {}, onWritable() {}, onClosed() {} };

/** A session's messages on a WebSocket: one binary message each. */
export class WebSocketTransport implements Transport {
  readonly name = 'websocket';
  readonly maxMessageBytes: number = maxMessageBytes;
  handler: TransportHandler = deaf;
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  readonly #clock: Clock;
  #closed = false;

  /**
   * @param socket What the WebSocket writes to: it tells when there is room.
   * @param reads Hears what was used of what the socket brought.
   */
  constructor(webSocket: WebSocket, socket: Duplex, clock: Clock, reads: TunnelReads) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#clock = clock;
    webSocket.on('message', (bytes: Buffer, isBinary) => {
      if (isBinary && bytes.length > 0) this.handler.onMessage(bytes);
      else this.close();
      reads.used(bytes.length);
    });
    webSocket.on('ping', (payload) => {
      // A copy: what it lies in may serve another connector before it has left.
      webSocket.pong(Buffer.from(payload));
      reads.used(payload.length);
    });
    webSocket.on('pong', (payload) => reads.used(payload.length));
    socket.on('drain', () => this.handler.onWritable());
    webSocket.on('error', () => {}); // 'close' follows.
    webSocket.on('close', (code) => this.#onClosed(`WebSocket closed with ${code}`));
  }

  get writable(): boolean {
    return !this.#socket.writableNeedDrain && this.#webSocket.readyState === 1;
  }

  get movedBytes(): number {
    return movedBytesOf(this.#socket);
  }

  get hasLeft(): boolean {
    return this.#webSocket.bufferedAmount === 0;
  }

  send(bytes: Uint8Array): void {
    if (this.#webSocket.readyState === 1) this.#webSocket.send(bytes);
  }

  close(): void {
    if (this.#closed) return;
    this.#webSocket.close(1000);
    this.#clock.setTimer(() => this.#webSocket.terminate(), closeMs);
    this.#onClosed('closed');
  }

  #onClosed(detail: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.handler.onClosed(detail);
    this.handler = deaf;
  }
}
