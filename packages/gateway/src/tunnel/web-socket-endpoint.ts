import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  equalsIgnoringCase,
  Field,
  fieldValue,
  findField,
  type Head,
  latin1Bytes,
  methodOf,
} from '@reverse-http/protocol/http1';
import { MessageKind } from '@reverse-http/protocol/pipe';
import {
  type Clock,
  decodeHello,
  encodeControl,
  type Hello,
  maxControlMessageBytes,
} from '@reverse-http/protocol/session';
import { WebSocketServer } from 'ws';
import type { Visit } from '../visit/visit.js';
import type { Admission, Reception } from './reception.js';
import { TunnelBlocks, TunnelReads } from './tunnel-reads.js';
import { WebSocketTransport } from './web-socket-transport.js';

/** Time for a hello to come, ms. */
const helloMs = 5000;
/** Time for a decision about it, and for the first message after the welcome, ms. */
const proofMs = 10_000;
/** What a stranger may send before a valid hello: the hello and its framing. */
const maxStrangerBytes: number = maxControlMessageBytes + 64;
/** A message's bytes and its header. */
const maxPayload = 256 * 1024 + 64;

/** Serves connectors that come by WebSocket. */
export interface WebSocketEndpoint {
  serve(visit: Visit): void;
  /** Sends away all that have no session yet. */
  close(): void;
}

/** @param maxStrangers Connections that carry no session yet, at a time. Default 1,000. */
export function createWebSocketEndpoint(reception: Reception, clock: Clock, maxStrangers = 1000): WebSocketEndpoint {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    skipUTF8Validation: true,
    maxPayload,
  });
  const strangers = new Set<Duplex>();
  const blocks = new TunnelBlocks();

  function serve(visit: Visit): void {
    const key = headerOf(visit.head, 'sec-websocket-key');
    const version = headerOf(visit.head, 'sec-websocket-version');
    if (methodOf(visit.head) !== 'GET' || !visit.asksUpgrade || !isWebSocket(visit.head)) {
      const fields = 'Upgrade: websocket\r\nContent-Type: text/plain\r\n';
      return visit.answer(426, fields, 'Connectors dial in here by WebSocket.\n');
    }
    if (version !== '13' || key === undefined || !/^[+/0-9A-Za-z]{22}==$/.test(key)) {
      return visit.fail('bad-request', { detail: 'The WebSocket handshake is malformed.' });
    }
    if (strangers.size >= maxStrangers) return visit.fail('overloaded');
    const { peer } = visit;
    const reads = new TunnelReads(blocks);
    const { socket, head } = visit.takeSocket((bytes) => reads.keep(bytes));
    reads.began(head.length);
    // Counted by the socket itself: whatever becomes of the handshake, it ends.
    strangers.add(socket);
    socket.once('close', () => {
      strangers.delete(socket);
      reads.close();
    });
    const request = {
      method: 'GET',
      headers: { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-key': key, 'sec-websocket-version': '13' },
    } as unknown as IncomingMessage;
    const stopCounting = limitBytes(socket, maxStrangerBytes - head.length);
    server.handleUpgrade(request, socket, Buffer.from(head), (webSocket) => {
      const transport = new WebSocketTransport(webSocket, socket, clock, reads);
      awaitHello(transport, clock, (hello) => {
        stopCounting();
        const decision = reception.receive(hello, peer.address);
        void answer(transport, clock, decision, () => strangers.delete(socket));
      });
    });
  }

  return {
    serve,
    close() {
      for (const socket of [...strangers]) socket.destroy();
    },
  };
}

/** Ends a socket that brings more; the result stops that. */
function limitBytes(socket: Duplex, maxBytes: number): () => void {
  let left = maxBytes;
  const onBytes = (bytes: Uint8Array): void => {
    left -= bytes.length;
    if (left < 0) socket.destroy();
  };
  socket.on('data', onBytes);
  return () => void socket.off('data', onBytes);
}

function awaitHello(transport: WebSocketTransport, clock: Clock, onHello: (hello: Hello) => void): void {
  const timer = clock.setTimer(() => transport.close(), helloMs);
  transport.handler = {
    onMessage(bytes) {
      timer.cancel();
      const hello = decodeHello(bytes);
      if (hello) onHello(hello);
      else refuse(transport, { code: 'bad-hello', message: 'This is not a hello.' });
    },
    onWritable() {},
    onClosed: () => timer.cancel(),
  };
}

function refuse(transport: WebSocketTransport, goodbye: Parameters<typeof encodeControl>[1]): void {
  transport.send(encodeControl(MessageKind.Refuse, goodbye));
  transport.close();
}

/** Welcomes or refuses; `onProven` is called when the transport carries a session. */
async function answer(
  transport: WebSocketTransport,
  clock: Clock,
  decision: ReturnType<Reception['receive']>,
  onProven: () => void,
): Promise<void> {
  let gone = false;
  const timer = clock.setTimer(() => transport.close(), proofMs);
  const onClosed = (): void => {
    gone = true;
    timer.cancel();
  };
  transport.handler = { onMessage: () => transport.close(), onWritable() {}, onClosed };
  const decided = await decision;
  if (gone) return;
  if ('code' in decided) {
    timer.cancel();
    return refuse(transport, decided);
  }
  transport.send(encodeControl(MessageKind.Welcome, decided.welcome));
  transport.handler = {
    // The first message after the welcome proves the transport, and belongs to the session already.
    onMessage(bytes) {
      timer.cancel();
      onProven();
      if (proves(transport, decided)) transport.handler.onMessage(bytes);
    },
    onWritable() {},
    onClosed,
  };
}

function proves(transport: WebSocketTransport, admission: Admission): boolean {
  try {
    admission.prove(transport);
    return true;
  } catch {
    transport.close(); // A newer transport was welcomed, or the session ended meanwhile.
    return false;
  }
}

function isWebSocket(head: Head): boolean {
  const upgrade = findField(head, Field.Upgrade);
  return upgrade >= 0 && fieldValue(head, upgrade).toLowerCase() === 'websocket';
}

function headerOf(head: Head, name: string): string | undefined {
  const lower = latin1Bytes(name);
  for (let i = 0; i < head.count; i++) {
    const start = head.positions[i * 4]!;
    if (head.positions[i * 4 + 1]! - start !== name.length) continue;
    if (equalsIgnoringCase(head.bytes, start, lower)) return fieldValue(head, i);
  }
  return undefined;
}
