import {
  controlMessage,
  dataMessage,
  frame,
  type Messages,
  type newHello,
  pollBody,
  readInteger,
  readMessages,
  readReason,
  send,
} from './raw-poll.js';

/** A frame that the gateway sent. */
export interface RawFrame {
  readonly type: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** A session whose every byte a case decides; what it does by itself is count. */
export interface RawSession {
  readonly id: string;
  readonly attach: number;
  readonly welcome: { readonly urls: Record<string, string[]>; readonly offset: number };
  /** What it sent, and what it has of the gateway's stream. */
  sent: number;
  received: number;
  /** The next poll in order, with the messages given or an acknowledgement. */
  poll(options?: { messages?: Buffer[]; holdMs?: number; number?: number; lowest?: number }): Promise<Messages>;
  post(...messages: Buffer[]): Promise<Messages>;
  /** Posts bytes at their offset. */
  write(...pieces: Buffer[]): Promise<Messages>;
  /** Polls until a frame of this type came. */
  frame(type?: number): Promise<RawFrame>;
  /** Answers a request with these bytes: a head with a length, and them. */
  answer(streamId: number, text: string): Promise<Messages>;
}

/** Says hello, and proves the transport with a post. */
export async function openSession(gateway: string, hello: ReturnType<typeof newHello>): Promise<RawSession> {
  const { bytes } = await send(gateway, 'hello', controlMessage(0x01, hello));
  if (bytes[0] !== 0x02) throw new Error(`refused: ${JSON.stringify(readReason(bytes))}`);
  const welcome = JSON.parse(bytes.toString('ascii', 1));
  const attach = hello.attach as number;
  let undecoded = Buffer.alloc(0);
  const frames: RawFrame[] = [];
  let next = 1;

  function take(message: Buffer): void {
    const [offset, ackAt] = readInteger(message, 1);
    const [, at] = readInteger(message, ackAt);
    const skip = session.received - offset;
    if (skip < 0 || skip >= message.length - at) return;
    undecoded = Buffer.concat([undecoded, message.subarray(at + skip)]);
    session.received += message.length - at - skip;
    decode();
  }

  function decode(): void {
    while (undecoded.length > 2) {
      const [streamId, lengthAt] = readInteger(undecoded, 1);
      const [length, at] = readInteger(undecoded, lengthAt);
      if (!(undecoded.length >= at + length)) return;
      frames.push({ type: undecoded[0]!, streamId, payload: undecoded.subarray(at, at + length) });
      undecoded = undecoded.subarray(at + length);
    }
  }

  async function request(endpoint: 'poll' | 'post', body: Buffer): Promise<Messages> {
    const answer = readMessages(await send(gateway, endpoint, body));
    for (const message of answer.messages) take(message);
    return answer;
  }

  const session: RawSession = {
    id: welcome.session,
    attach,
    welcome,
    sent: welcome.offset,
    received: 0,
    async poll({ messages = [dataMessage(session.sent, session.received)], number = next, ...options } = {}) {
      const answer = await request('poll', pollBody(session.id, attach, messages, { number, ...options }));
      if (answer.counts) next = Math.max(next, answer.number + 1);
      return answer;
    },
    post: (...messages) => request('post', pollBody(session.id, attach, messages)),
    write(...pieces) {
      const bytes = Buffer.concat(pieces);
      const message = dataMessage(session.sent, session.received, bytes);
      session.sent += bytes.length;
      return session.post(message);
    },
    async frame(type) {
      for (;;) {
        const at = frames.findIndex((each) => type === undefined || each.type === type);
        if (at >= 0) return frames.splice(at, 1)[0]!;
        await session.poll();
      }
    },
    answer: (streamId, text) =>
      session.write(
        frame(0x01, streamId, `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n`),
        frame(0x07, streamId, text),
      ),
  };
  await session.post(dataMessage(session.sent, 0));
  return session;
}
