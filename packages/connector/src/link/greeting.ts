import { ReverseHttpError } from '@reverse-http/protocol/errors';
import { MessageKind } from '@reverse-http/protocol/pipe';
import {
  type Clock,
  decodeGoodbye,
  decodeWelcome,
  encodeControl,
  type Goodbye,
  type Hello,
  protocolVersions,
  replyTimeoutMs,
  type Session,
  type Welcome,
} from '@reverse-http/protocol/session';
import type { DialledTransport, Dialler } from './dialler.js';

/** What comes of a greeting: one of the three, once. */
export interface GreetingHandler {
  /** Requests may follow in the same packet, so the transport must be taken over during the call. */
  onWelcome(welcome: Welcome, transport: DialledTransport): void;
  onRefused(goodbye: Goodbye): void;
  onFailed(error: ReverseHttpError): void;
}

/** One dial with its hello. */
export interface GreetingOptions {
  readonly dialler: Dialler;
  readonly gateway: string;
  readonly hello: Hello;
  readonly clock: Clock;
  /** A gateway answers within this, or is taken for dead, ms. */
  readonly answerTimeoutMs: number;
}

/** A gateway answers a hello within this, or is taken for dead, ms. */
const longestMs = 10_000;

/** How long the answer may take, ms: where requests wait for a session to go on, a loss is found as soon as that of a link. */
export function answerTimeoutOf(session: Session | undefined): number {
  // TCP, TLS, a WebSocket's handshake and the hello are five round trips.
  return session ? Math.min(longestMs, Math.max(replyTimeoutMs, 8 * (session.roundTripMs ?? 0))) : longestMs;
}

/** Dials, says hello and hears the answer. The result gives up. */
export function greet(options: GreetingOptions, handler: GreetingHandler): () => void {
  const { answerTimeoutMs, clock, dialler, gateway, hello } = options;
  let over = false;
  let transport: DialledTransport | undefined;
  let hangUp: () => void = () => {};
  const end = (): boolean => {
    const first = !over;
    over = true;
    timer.cancel();
    return first;
  };
  const fail = (error: ReverseHttpError): void => {
    if (!end()) return;
    transport?.close();
    handler.onFailed(error);
  };
  const timer = clock.setTimer(() => {
    // First, for to hang up is to be hung up on.
    fail(new ReverseHttpError('unreachable', `${gateway} did not answer within ${answerTimeoutMs / 1000} s`));
    hangUp();
  }, answerTimeoutMs);

  const onMessage = (bytes: Uint8Array): void => {
    if (over || !transport) return;
    if (bytes[0] === MessageKind.Refuse) {
      end();
      transport.close();
      handler.onRefused(decodeGoodbye(bytes));
      return;
    }
    const welcome = decodeWelcome(bytes);
    if (!welcome)
      return fail(new ReverseHttpError('not-a-gateway', `${gateway} answers, but not as a Reverse HTTP gateway`));
    if (!protocolVersions.includes(welcome.version)) {
      return fail(
        new ReverseHttpError('version', `${gateway} speaks protocol version ${welcome.version}`, { retryable: true }),
      );
    }
    end();
    handler.onWelcome(welcome, transport);
  };

  hangUp = dialler.dial(gateway, {
    onOpened(opened) {
      if (over) return opened.close();
      transport = opened;
      opened.handler = {
        onMessage,
        onWritable() {},
        onClosed: (detail) =>
          fail(new ReverseHttpError('unreachable', `${gateway} hung up before it answered: ${detail}`)),
      };
      opened.send(encodeControl(MessageKind.Hello, hello));
    },
    onFailed: fail,
  });
  return () => {
    if (!end()) return;
    hangUp();
    transport?.close();
  };
}
