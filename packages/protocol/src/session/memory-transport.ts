import type { Transport, TransportHandler } from './transport.js';

/** One of the two ends of a {@link MemoryLink}. */
export type MemoryEnd = 'a' | 'b';

/** What may be done to a message on its way. */
export interface MemoryLinkOptions {
  /** Calls `fn` later: when messages are delivered. */
  readonly defer: (fn: () => void) => void;
  /** Longest message, bytes. Default 256 KiB. */
  readonly maxMessageBytes?: number;
  /**
   * Decides over each message: it arrives whenever `arrive` is called, so never, late or twice as well. It may keep
   * `bytes`. Default: arrives once, deferred.
   */
  readonly carry?: (towards: MemoryEnd, bytes: Uint8Array, arrive: () => void) => void;
}

/** Two transports joined in memory: for tests, and for both parts in one process. */
export interface MemoryLink {
  readonly a: Transport;
  readonly b: Transport;
  /** Ends the link; what was not delivered is lost. */
  cut(): void;
  /** Ends one end without a word to the other, as when a cable is pulled: the other finds out by itself. */
  drop(end: MemoryEnd): void;
  /** Whether `end` takes messages: false stalls it, true lets it go on. */
  setWritable(end: MemoryEnd, writable: boolean): void;
}

class MemoryTransport implements Transport {
  readonly name = 'memory';
  readonly maxMessageBytes: number;
  /** What is sent is copied. */
  readonly hasLeft = true;
  handler: TransportHandler = { onMessage() {}, onWritable() {}, onClosed() {} };
  peer: MemoryTransport | undefined;
  readonly #options: MemoryLinkOptions;
  readonly #towards: MemoryEnd;
  #open = true;
  #stalled = false;

  constructor(options: MemoryLinkOptions, towards: MemoryEnd) {
    this.#options = options;
    this.#towards = towards;
    this.maxMessageBytes = options.maxMessageBytes ?? 256 * 1024;
  }

  get writable(): boolean {
    return this.#open && !this.#stalled;
  }

  setWritable(writable: boolean): void {
    this.#stalled = !writable;
    if (this.writable) this.handler.onWritable();
  }

  send(bytes: Uint8Array): void {
    if (!this.#open) return;
    const copy = new Uint8Array(bytes);
    const arrive = () => this.peer?.receive(copy);
    if (this.#options.carry) this.#options.carry(this.#towards, copy, arrive);
    else this.#options.defer(arrive);
  }

  receive(bytes: Uint8Array): void {
    if (!this.#open) return;
    const message = new Uint8Array(bytes);
    this.handler.onMessage(message);
    // Valid during the call only: whoever keeps it is to find out here, not where its memory serves again.
    message.fill(0xee);
  }

  close(): void {
    this.drop();
    this.#options.defer(() => this.peer?.drop());
  }

  /** Ends this end without telling the other. */
  drop(): void {
    if (!this.#open) return;
    this.#open = false;
    this.handler.onClosed('closed');
  }
}

/** Joins two transports in memory. */
export function createMemoryLink(options: MemoryLinkOptions): MemoryLink {
  const a = new MemoryTransport(options, 'b');
  const b = new MemoryTransport(options, 'a');
  a.peer = b;
  b.peer = a;
  const ends = { a, b };
  return {
    a,
    b,
    cut() {
      a.drop();
      b.drop();
    },
    drop(end) {
      ends[end].drop();
    },
    setWritable(end, writable) {
      ends[end].setWritable(writable);
    },
  };
}
