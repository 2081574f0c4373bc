import type { IncomingMessage } from 'node:http';
import { Field, fieldValue, findField, type Head, methodOf } from '@reverse-http/protocol/http1';
import { MessageKind } from '@reverse-http/protocol/pipe';
import { decodeHello, encodeControl, maxControlMessageBytes } from '@reverse-http/protocol/session';
import { WebSocketServer } from 'ws';
import type { Visit } from '../visit/visit.js';
import type { Admission, Reception } from './reception.js';
import { WebSocketTransport } from './web-socket-transport.js';

/** Time for a hello to come, ms. */
const helloMs = 5000;
/** What a stranger may send before a valid hello: the hello and its framing. */
const maxStrangerBytes: number = maxControlMessageBytes + 64;
/** A message's bytes and its header. */
const maxPayload = 256 * 1024 + 64;

/** Serves connectors that come by WebSocket. */
export interface WebSocketEndpoint {
  serve(visit: Visit): void;
}

/** @param maxStrangers Connections that have not said hello yet, at a time. Default 1,000. */
export function createWebSocketEndpoint(reception: Reception, maxStrangers = 1000): WebSocketEndpoint {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    skipUTF8Validation: true,
    maxPayload,
  });
  let strangers = 0;

  function serve(visit: Visit): void {
    const key = headerOf(visit.head, 'sec-websocket-key');
    const version = headerOf(visit.head, 'sec-websocket-version');
    if (methodOf(visit.head) !== 'GET' || !visit.asksUpgrade || !isWebSocket(visit.head)) {
      return visit.answer(
        426,
        'Upgrade: websocket\r\nContent-Type: text/plain\r\n',
        'Connectors dial in here by WebSocket.\n',
      );
    }
    if (version !== '13' || key === undefined || !/^[+/0-9A-Za-z]{22}==$/.test(key)) {
      return visit.fail('bad-request', { detail: 'The WebSocket handshake is malformed.' });
    }
    if (strangers >= maxStrangers) return visit.fail('overloaded');
    const { socket, head } = visit.takeSocket();
    const request = {
      method: 'GET',
      headers: { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-key': key, 'sec-websocket-version': '13' },
    } as unknown as IncomingMessage;
    strangers++;
    let received = head.length;
    const onBytes = (bytes: Uint8Array): void => {
      received += bytes.length;
      if (received > maxStrangerBytes) socket.destroy();
    };
    socket.on('data', onBytes);
    server.handleUpgrade(request, socket, Buffer.from(head), (webSocket) => {
      welcomeStranger(new WebSocketTransport(webSocket, socket), () => {
        strangers--;
        socket.off('data', onBytes);
      });
    });
  }

  /** `onKnown` is called once, when the hello was read or the stranger is gone. */
  function welcomeStranger(transport: WebSocketTransport, onKnown: () => void): void {
    const timer = setTimeout(() => transport.close(), helloMs);
    const leave = (): void => {
      clearTimeout(timer);
      onKnown();
      transport.handler = { onMessage() {}, onWritable() {}, onClosed() {} };
    };
    transport.handler = {
      onMessage(bytes) {
        leave();
        const hello = decodeHello(bytes);
        if (hello) void answer(transport, reception.receive(hello));
        else refuse(transport, { code: 'bad-hello', message: 'This is not a hello.' });
      },
      onWritable() {},
      onClosed: leave,
    };
  }

  return { serve };
}

function refuse(transport: WebSocketTransport, goodbye: Parameters<typeof encodeControl>[1]): void {
  transport.send(encodeControl(MessageKind.Refuse, goodbye));
  transport.close();
}

async function answer(transport: WebSocketTransport, decision: ReturnType<Reception['receive']>): Promise<void> {
  let gone = false;
  transport.handler = { onMessage: () => transport.close(), onWritable() {}, onClosed: () => (gone = true) };
  const decided = await decision.catch(
    () => ({ code: 'overloaded', message: 'The gateway failed to decide.' }) as const,
  );
  if (gone) return;
  if ('code' in decided) return refuse(transport, decided);
  transport.send(encodeControl(MessageKind.Welcome, decided.welcome));
  transport.handler = { onMessage: (bytes) => prove(transport, decided, bytes), onWritable() {}, onClosed() {} };
}

/** The first message after the welcome proves the transport, and belongs to the session already. */
function prove(transport: WebSocketTransport, admission: Admission, bytes: Uint8Array): void {
  try {
    admission.prove(transport);
  } catch {
    transport.close();
    return;
  }
  transport.handler.onMessage(bytes);
}

function isWebSocket(head: Head): boolean {
  const upgrade = findField(head, Field.Upgrade);
  return upgrade >= 0 && fieldValue(head, upgrade).toLowerCase() === 'websocket';
}

function headerOf(head: Head, name: string): string | undefined {
  for (let i = 0; i < head.count; i++) {
    const start = head.positions[i * 4]!;
    if (head.positions[i * 4 + 1]! - start !== name.length) continue;
    if (fieldNameIs(head, start, name)) return fieldValue(head, i);
  }
  return undefined;
}

function fieldNameIs(head: Head, start: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++)
    if ((head.bytes[start + i]! | 0x20) !== (lower.charCodeAt(i) | 0x20)) return false;
  return true;
}
