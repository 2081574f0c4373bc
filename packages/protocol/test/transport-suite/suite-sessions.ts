import { type MuxStream, type StreamHandler, WindowPool } from '@reverse-http/protocol/mux';
import { Slab } from '@reverse-http/protocol/pipe';
import { type Clock, Session, type SessionOptions, type SessionState } from '@reverse-http/protocol/session';
import type { TransportPair } from './transport-pair.js';

/** The system's time; its timers keep no process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(fn, ms) {
    const timer = setTimeout(fn, ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The byte at an offset of what a stream says; different from stream to stream. */
function byteAt(tag: number, offset: number): number {
  return (tag * 89 + offset * 31 + (offset >>> 8) * 7) & 0xff;
}

/** Sends so many bytes and expects the same ones back. */
export class Echo implements StreamHandler {
  stream: MuxStream | undefined;
  head = '';
  received = 0;
  end: 'none' | 'whole' | 'reset' = 'none';
  /** False: what comes is not consumed, so that the sender has to stop. */
  consumes = true;
  readonly trailers = undefined;
  readonly #tag: number;
  readonly #total: number;
  readonly #notify: () => void;
  #offset = 0;
  #unread = 0;

  constructor(tag: number, total: number, notify: () => void) {
    this.#tag = tag;
    this.#total = total;
    this.#notify = notify;
  }

  get ended(): boolean {
    return this.#offset === this.#total;
  }

  read(into: Uint8Array, at: number, end: number): number {
    const length = Math.min(this.#total - this.#offset, end - at);
    for (let i = 0; i < length; i++) into[at + i] = byteAt(this.#tag, this.#offset + i);
    this.#offset += length;
    return length;
  }

  onHead(bytes: Uint8Array): void {
    this.head = String.fromCharCode(...bytes);
    this.#notify();
  }

  onData(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] !== byteAt(this.#tag, this.received + i)) throw new Error(`wrong byte at ${this.received + i}`);
    }
    this.received += bytes.length;
    this.#unread += bytes.length;
    if (this.consumes) this.consume();
    this.#notify();
  }

  consume(): void {
    this.stream!.consumed(this.#unread);
    this.#unread = 0;
  }

  onEnd(): void {
    this.end = 'whole';
    this.#notify();
  }

  onReset(): void {
    this.end = 'reset';
    this.#notify();
  }
}

/** The other end of an {@link Echo}: says what it hears, no faster than it is heard. */
class Echoing implements StreamHandler {
  readonly stream: MuxStream;
  readonly trailers = undefined;
  readonly #pieces: Uint8Array[] = [];
  #over = false;

  constructor(stream: MuxStream) {
    this.stream = stream;
  }

  get ended(): boolean {
    return this.#over && this.#pieces.length === 0;
  }

  read(into: Uint8Array, at: number, end: number): number {
    const piece = this.#pieces[0];
    if (!piece) return 0;
    const part = piece.subarray(0, end - at);
    into.set(part, at);
    if (part.length === piece.length) this.#pieces.shift();
    else this.#pieces[0] = piece.subarray(part.length);
    this.stream.consumed(part.length);
    return part.length;
  }

  onHead(bytes: Uint8Array, _interim: boolean, ended: boolean): void {
    this.stream.sendHead(bytes.slice(), ended);
    if (!ended) this.stream.sendBody(this);
  }

  onData(bytes: Uint8Array): void {
    this.#pieces.push(bytes.slice());
    this.stream.wake();
  }

  onEnd(): void {
    this.#over = true;
    this.stream.wake();
  }

  onReset(): void {}
}

/** A gateway's session and a connector's, that wait for transports. */
export class SuiteSessions {
  readonly gateway: Session;
  readonly connector: Session;
  readonly #waiting = new Set<() => void>();
  #tags = 0;

  constructor() {
    const slab = new Slab();
    const common = {
      id: 'n.s',
      clock: systemClock,
      defer: (fn: () => void) => void setImmediate(fn),
      random: Math.random,
      slab,
      keepAliveMs: 15_000,
      resumeMs: 30_000,
      onStateChanged: () => this.#notify(),
    } satisfies Partial<SessionOptions>;
    this.gateway = new Session({ ...common, opener: true, dials: false, windows: new WindowPool() });
    this.connector = new Session({ ...common, opener: false, onStream: (stream) => new Echoing(stream) });
  }

  /** Both ends go on over these. */
  attach(pair: TransportPair): void {
    const { receivedOffset } = this.gateway;
    this.gateway.attach(pair.gateway, this.connector.receivedOffset);
    this.connector.attach(pair.connector, receivedOffset);
  }

  /** Opens a stream that says so many bytes. */
  say(bytes: number, consumes = true): Echo {
    const echo = new Echo(++this.#tags, bytes, () => this.#notify());
    echo.consumes = consumes;
    const stream = this.gateway.mux.open(echo);
    if (!stream) throw new Error('no stream');
    echo.stream = stream;
    stream.sendHead(new TextEncoder().encode(`head ${stream.id}`), bytes === 0);
    if (bytes > 0) stream.sendBody(echo);
    return echo;
  }

  /** Waits until something that happens makes it true. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Why both ended. */
  get ends(): string[] {
    return [this.gateway.state, this.connector.state].map((state: SessionState) =>
      state.state === 'closed' ? state.reason.code : state.state,
    );
  }

  close(): void {
    this.gateway.close('closed');
    this.connector.close('closed');
  }

  #notify(): void {
    for (const look of [...this.#waiting]) look();
  }
}
