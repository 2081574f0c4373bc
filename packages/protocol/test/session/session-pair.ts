import {
  type MessageHeader,
  maxMessageHeaderBytes,
  readMessageHeader,
  Slab,
  writeMessageHeader,
} from '../../src/pipe/index.js';
import {
  createManualClock,
  createMemoryLink,
  type MemoryEnd,
  type MemoryLink,
  type MemoryLinkOptions,
  Session,
  type SessionOptions,
} from '../../src/session/index.js';
import { Recorder } from '../mux/mux-pair.js';
import { ByteBody, bodyByte } from '../sim/byte-body.js';

/** A message on its way. */
export interface Sent {
  readonly towards: MemoryEnd;
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** Checks every byte of a body against {@link ByteBody}, and gives credit back at once. */
export class CheckedBody extends Recorder {
  consumes = true;
  stream: { consumed(bytes: number): void } | undefined;
  readonly #tag: number;
  constructor(tag: number) {
    super();
    this.#tag = tag;
  }
  override onData(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] !== bodyByte(this.#tag, this.received + i)) throw new Error(`wrong byte ${this.received + i}`);
    }
    super.onData(bytes);
    if (this.consumes) this.stream?.consumed(bytes.length);
  }
}

/** A gateway's session (end a) and a connector's (end b) on a manual clock and a memory link that records. */
export class SessionPair {
  readonly clock = createManualClock(1000);
  readonly sent: Sent[] = [];
  readonly accepted: { stream: any; handler: CheckedBody }[] = [];
  readonly a: Session;
  readonly b: Session;
  /** Decides over each message: whether it arrives. Default: all do. */
  delivers: (message: Sent) => boolean = () => true;
  /** One way, ms. */
  delayMs = 0;
  link: MemoryLink | undefined;

  constructor(options: Partial<SessionOptions> = {}, b: Partial<SessionOptions> = {}) {
    const { clock } = this;
    const common = {
      id: 'n.s',
      clock,
      defer: clock.defer,
      random: () => 0.5,
      slab: new Slab(),
      keepAliveMs: 15_000,
      resumeMs: 30_000,
    };
    this.a = new Session({ ...common, opener: true, ...options });
    this.b = new Session({
      ...common,
      opener: false,
      onStream: (stream) => {
        const handler = new CheckedBody(stream.id);
        handler.stream = stream;
        this.accepted.push({ stream, handler });
        return handler;
      },
      ...options,
      ...b,
    });
  }

  /** A fresh link; both ends attach where the other stands. */
  attach(options: Partial<MemoryLinkOptions> = {}): MemoryLink {
    const { clock } = this;
    this.link = createMemoryLink({
      defer: clock.defer,
      carry: (towards, bytes, arrive) => {
        const message = { towards, bytes, at: clock.now() };
        this.sent.push(message);
        if (!this.delivers(message)) return;
        if (this.delayMs > 0) clock.setTimer(arrive, this.delayMs);
        else clock.defer(arrive);
      },
      ...options,
    });
    const { receivedOffset } = this.a;
    this.a.attach(this.link.a, this.b.receivedOffset);
    this.b.attach(this.link.b, receivedOffset);
    return this.link;
  }

  /** A request of so many body bytes, 0 for none; the body is not ended. */
  open(bodyBytes = 0): { stream: any; body: ByteBody; handler: CheckedBody } {
    const handler = new CheckedBody(-1);
    const stream = this.a.mux.open(handler)!;
    const body = new ByteBody(stream.id);
    stream.sendHead(Buffer.from('head'), bodyBytes === 0);
    if (bodyBytes > 0) {
      body.add(bodyBytes);
      stream.sendBody(body);
    }
    return { stream, body, handler };
  }

  /** Messages that went one way since the last call, decoded. */
  take(towards: MemoryEnd): { reply: boolean; ack: number; bytes: number; at: number }[] {
    const taken = this.sent.filter((message) => message.towards === towards);
    this.sent.splice(0, this.sent.length, ...this.sent.filter((message) => message.towards !== towards));
    return taken.map(({ bytes, at }) => {
      const header: MessageHeader = { offset: 0, ack: 0, reply: false, payloadStart: 0 };
      readMessageHeader(bytes, header);
      return { reply: header.reply, ack: header.ack, bytes: bytes.length - header.payloadStart, at };
    });
  }
}

/** A message with bytes of the stream. */
export function data(offset: number, ack: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(maxMessageHeaderBytes + payload.length);
  bytes.set(payload, maxMessageHeaderBytes);
  return bytes.subarray(writeMessageHeader(bytes, maxMessageHeaderBytes, offset, ack, false));
}
