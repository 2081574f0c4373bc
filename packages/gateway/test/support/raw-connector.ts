import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { AcceptedExchange, type RequestHandler } from '@reverse-http/protocol/exchange';
import { Head } from '@reverse-http/protocol/http1';
import { MessageKind, Slab } from '@reverse-http/protocol/pipe';
import {
  type Clock,
  decodeGoodbye,
  decodeWelcome,
  encodeControl,
  Session,
  type Transport,
  type Welcome,
} from '@reverse-http/protocol/session';
import { WebSocket } from 'ws';
import { nodeClock } from '../../src/machine/node-clock.js';

/** What a test's connector does with a request: it speaks the wire, without any HTTP server behind it. */
export type Accept = (exchange: AcceptedExchange) => RequestHandler;

/** A connector of the tests' own. */
export interface RawConnector {
  readonly welcome: Welcome;
  readonly session: Session;
  readonly webSocket: WebSocket;
  /** Ends the session with a goodbye. */
  close(): void;
}

const hello = {
  versions: [1],
  agent: 'test',
  attach: 1,
  targets: [{ target: 'A', replica: 'r1' }],
  features: [],
};

/** What a connector dials with and tells time by. Default: the machine. */
export interface RawWorld {
  readonly clock: Clock;
  readonly createConnection?: () => Duplex;
}

/** Opens a WebSocket on the tunnel endpoint. */
export async function openWebSocket(url: string, { createConnection }: Partial<RawWorld> = {}): Promise<WebSocket> {
  const options = createConnection ? { createConnection } : {};
  const webSocket = new WebSocket(`${url.replace('http', 'ws')}/.well-known/reverse-http/websocket`, [], options);
  webSocket.on('error', () => {});
  await once(webSocket, 'open');
  return webSocket;
}

/** Dials and says hello; gives the first answer, be it welcome or refusal. */
export async function dial(
  url: string,
  token: string | undefined,
  changes: object = {},
  world?: RawWorld,
): Promise<{ webSocket: WebSocket; first: Uint8Array }> {
  const webSocket = await openWebSocket(url, world);
  const key = randomBytes(16).toString('hex');
  webSocket.send(
    encodeControl(MessageKind.Hello, { ...hello, key, ...(token === undefined ? {} : { token }), ...changes }),
  );
  const [first] = (await once(webSocket, 'message')) as [Uint8Array];
  return { webSocket, first };
}

/** Registers as target A (or what `changes` says) and serves with `accept`. */
export async function connectRaw(
  url: string,
  token: string | undefined,
  accept: Accept,
  changes: object = {},
  world: RawWorld = { clock: nodeClock },
): Promise<RawConnector> {
  const { webSocket, first } = await dial(url, token, changes, world);
  const welcome = decodeWelcome(first);
  if (!welcome) throw new Error(`refused: ${JSON.stringify(decodeGoodbye(first))}`);
  const head = new Head();
  const session = new Session({
    id: welcome.session,
    opener: false,
    clock: world.clock,
    defer: setImmediate,
    random: Math.random,
    slab: new Slab(),
    keepAliveMs: welcome.keepAliveMs,
    resumeMs: welcome.resumeMs,
    onStream: (stream) => new AcceptedExchange(stream, head, accept),
  });
  session.attach(transportOf(webSocket), welcome.offset);
  return { welcome, session, webSocket, close: () => session.close('closed') };
}

function transportOf(webSocket: WebSocket): Transport {
  const transport: Transport = {
    name: 'websocket',
    maxMessageBytes: 256 * 1024,
    writable: true,
    handler: { onMessage() {}, onWritable() {}, onClosed() {} },
    send: (bytes) => webSocket.send(bytes),
    close: () => webSocket.close(),
  };
  webSocket.on('message', (bytes: Uint8Array) => transport.handler.onMessage(bytes));
  webSocket.on('close', () => transport.handler.onClosed('closed'));
  return transport;
}
