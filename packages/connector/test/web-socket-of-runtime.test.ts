import type { ReverseHttpError } from '@reverse-http/protocol/errors';
import { createManualClock, type ManualClock, type TransportHandler } from '@reverse-http/protocol/session';
import { beforeEach, describe, expect, it } from 'vitest';
import type { DialledTransport } from '../src/link/dialler.js';
import { createWebSocketDialler, type WebSocketEvent, type WebSocketLike } from '../src/transport/web-socket.js';

/** A browser's WebSocket whose peer is the test. */
class FakeSocket implements WebSocketLike {
  binaryType = 'blob';
  bufferedAmount = 0;
  closed = false;
  readonly sent: Uint8Array[] = [];
  readonly url: string;
  readonly #listeners: [string, (event: WebSocketEvent) => void][] = [];

  constructor(url: string) {
    this.url = url;
    sockets.push(this);
  }

  addEventListener(type: string, listener: (event: WebSocketEvent) => void): void {
    this.#listeners.push([type, listener]);
  }

  emit(type: string, event: WebSocketEvent = {}): void {
    for (const [name, listener] of this.#listeners) if (name === type) listener(event);
  }

  send(data: Uint8Array): void {
    this.sent.push(data);
    this.bufferedAmount += data.length;
  }

  close(): void {
    this.closed = true;
  }
}

let sockets: FakeSocket[];
let clock: ManualClock;
let events: unknown[];
let transport: DialledTransport | undefined;
let hangUp: () => void;
beforeEach(() => {
  sockets = [];
  events = [];
  transport = undefined;
  clock = createManualClock();
});

const handler: TransportHandler = {
  onMessage: (bytes) => events.push([...bytes]),
  onWritable: () => events.push('writable'),
  onClosed: (detail) => events.push(`closed: ${detail}`),
};

function dial(gateway = 'http://gw.example/sub/'): FakeSocket {
  hangUp = createWebSocketDialler(FakeSocket, clock).dial(gateway, {
    onOpened(opened) {
      transport = opened;
      opened.handler = handler;
    },
    onFailed: (error: ReverseHttpError) => events.push(error.code),
  });
  return sockets.at(-1)!;
}

function open(): FakeSocket {
  const socket = dial();
  socket.emit('open');
  return socket;
}

describe('a dial', () => {
  it('goes to the endpoint below the gateway, for binary messages', () => {
    expect(dial().url).toBe('ws://gw.example/sub/.well-known/reverse-http/websocket');
    expect(dial('https://gw.example/').url).toBe('wss://gw.example/.well-known/reverse-http/websocket');
    expect(sockets[0]?.binaryType).toBe('arraybuffer');
  });

  it.each([
    ['error', {}, 'unreachable'],
    ['close', { reason: '' }, 'unreachable'],
    ['error', { message: 'connect ECONNREFUSED' }, 'unreachable'],
    ['error', { message: 'Unexpected server response: 404' }, 'not-a-gateway'],
  ])('that ends with %s %j fails once', (type, event, code) => {
    const socket = dial();
    socket.emit(type, event);
    socket.emit('close', {});
    expect([events, socket.closed, transport]).toEqual([[code], true, undefined]);
  });

  it('that is given up is closed, and nothing is heard of it', () => {
    const socket = dial();
    hangUp();
    socket.emit('open');
    socket.emit('error');
    socket.emit('close');
    expect([events, socket.closed, transport]).toEqual([[], true, undefined]);
  });
});

describe('a WebSocket of the runtime', () => {
  it('carries messages both ways, and tells of bytes that moved', () => {
    const socket = open();
    transport?.send(new Uint8Array([1, 2, 3]));
    socket.emit('message', { data: new Uint8Array([4, 5]).buffer });
    expect([socket.sent, events]).toEqual([[new Uint8Array([1, 2, 3])], [[4, 5]]]);
    expect(transport?.movedBytes).toBe(2);
    socket.bufferedAmount = 1;
    expect(transport?.movedBytes).toBe(4);
  });

  it('takes no question that left for a sign of life', () => {
    const socket = open();
    const before = transport?.movedBytes;
    transport?.send(new Uint8Array([1, 2, 3]));
    socket.bufferedAmount = 0;
    expect(transport?.movedBytes).toBe(before);
  });

  it('is not writable while 256 KiB wait, and says when it is again', () => {
    const socket = open();
    expect(transport?.writable).toBe(true);
    transport?.send(new Uint8Array(256 * 1024));
    expect(transport?.writable).toBe(false);
    clock.advance(100);
    expect(events).toEqual([]);
    socket.bufferedAmount = 0;
    clock.advance(4);
    expect([events, transport?.writable]).toEqual([['writable'], true]);
    clock.advance(1000);
    expect(events).toEqual(['writable']);
  });

  it.each([
    ['text', 'hello'],
    ['an empty message', new ArrayBuffer(0)],
    ['a message beyond 1 MiB', new ArrayBuffer(1024 * 1024 + 1)],
  ])('ends when it gets %s', (_name, data) => {
    const socket = open();
    socket.emit('message', { data });
    socket.emit('message', { data: new Uint8Array(1).buffer });
    expect([events, socket.closed]).toEqual([['closed: a message that is not binary, or too long'], true]);
  });

  it('ends once, with what was said about it', () => {
    const socket = open();
    socket.emit('error', { message: 'reset' });
    socket.emit('close', { reason: '' });
    transport?.close();
    transport?.send(new Uint8Array(1));
    expect([events, socket.sent, transport?.writable]).toEqual([['closed: reset'], [], false]);
  });

  it('leaves no timer behind', () => {
    open();
    transport?.send(new Uint8Array(300 * 1024));
    expect(transport?.writable).toBe(false);
    transport?.close();
    clock.advance(10_000);
    expect(events).toEqual(['closed: closed']);
  });
});
