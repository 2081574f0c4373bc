import { randomBytes } from 'node:crypto';

/** What an endpoint of the gateway said: `kind` is the first byte of the body, the rest depends on it. */
export interface RawAnswer {
  readonly status: number;
  readonly bytes: Buffer;
}

/** The content of an answer to a poll or post. */
export interface Messages {
  /** False for a void answer. */
  readonly counts: boolean;
  readonly number: number;
  readonly messages: readonly Buffer[];
}

/** A refuse or close message's content. */
export interface Reason {
  readonly code: string;
  readonly message: string;
}

/** An integer of the protocol (section 1). */
export function integer(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  if (value < 2 ** 6) return bytes.subarray(7);
  if (value < 2 ** 14) return mark(bytes.subarray(6), 0x40);
  if (value < 2 ** 30) return mark(bytes.subarray(4), 0x80);
  return mark(bytes, 0xc0);
}

function mark(bytes: Buffer, bits: number): Buffer {
  bytes[0]! |= bits;
  return bytes;
}

/** The integer at a place, and the place behind it. */
export function readInteger(bytes: Buffer, at: number): [value: number, next: number] {
  const length = 1 << (bytes[at]! >> 6);
  let value = bytes[at]! & 0x3f;
  for (let i = 1; i < length; i++) value = value * 256 + bytes[at + i]!;
  return [value, at + length];
}

/** A frame (section 5). */
export function frame(type: number, streamId: number, payload: string | Buffer = ''): Buffer {
  const bytes = Buffer.from(payload as string, 'latin1');
  return Buffer.concat([Buffer.from([type]), integer(streamId), integer(bytes.length), bytes]);
}

/** A data message (section 2). */
export function dataMessage(offset: number, ack: number, bytes: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from([0x10]), integer(offset), integer(ack), bytes]);
}

/** A message with JSON (section 2). */
export function controlMessage(kind: number, value: unknown): Buffer {
  return Buffer.concat([Buffer.from([kind]), Buffer.from(JSON.stringify(value), 'ascii')]);
}

/** A body for the endpoint `poll` or, without `poll`, for `post` (section 7.2). */
export function pollBody(
  session: string,
  attach: number,
  messages: readonly Buffer[],
  poll?: { number: number; lowest?: number; maxAnswer?: number; holdMs?: number },
): Buffer {
  const { number = 0, lowest = number, maxAnswer = 65_536, holdMs = 10_000 } = poll ?? {};
  return Buffer.concat([
    Buffer.from([poll ? 0x20 : 0x22]),
    integer(session.length),
    Buffer.from(session),
    integer(attach),
    ...(poll ? [number, lowest, maxAnswer, holdMs].map(integer) : []),
    ...messages.flatMap((message) => [integer(message.length), message]),
  ]);
}

/** Sends a body to one of the three endpoints. */
export async function send(gateway: string, endpoint: 'hello' | 'poll' | 'post', body: Buffer): Promise<RawAnswer> {
  const response = await fetch(`${gateway}/.well-known/reverse-http/${endpoint}`, {
    method: 'POST',
    body: new Uint8Array(body),
  });
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
}

/** Reads what a poll or post brought; a close message inside it, or instead of it, is thrown as `Closed`. */
export function readMessages({ bytes }: RawAnswer): Messages {
  if (bytes[0] === 0x04) throw new Closed(readReason(bytes));
  let [number, at] = readInteger(bytes, 1);
  const messages: Buffer[] = [];
  while (at < bytes.length) {
    const [length, start] = readInteger(bytes, at);
    at = start + length;
    messages.push(bytes.subarray(start, at));
  }
  for (const message of messages) if (message[0] === 0x04) throw new Closed(readReason(message));
  return { counts: bytes[0] === 0x24, number, messages };
}

/** The JSON of a control message. */
export function readReason(bytes: Buffer): Reason {
  return JSON.parse(bytes.toString('ascii', 1));
}

/** The session is over, and why. */
export class Closed extends Error {
  readonly code: string;

  constructor({ code, message }: Reason) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

/** The members of a hello that MUST be there, for a new session. */
export function newHello(target: string, token: string, more: object = {}): Record<string, unknown> {
  return {
    versions: [1],
    agent: 'cases',
    key: randomBytes(16).toString('hex'),
    attach: 1,
    targets: [{ target, replica: 'one' }],
    features: [],
    token,
    ...more,
  };
}
