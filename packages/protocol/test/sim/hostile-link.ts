import { type MessageHeader, MessageKind, readMessageHeader } from '@reverse-http/protocol/pipe';
import {
  createMemoryLink,
  type ManualClock,
  type MemoryEnd,
  type MemoryLink,
  type Transport,
} from '@reverse-http/protocol/session';
import type { Random } from './random.js';
import type { Statistics } from './statistics.js';

/** What a link does to its messages. Chances are of each message. */
export interface LinkFaults {
  /** Whether messages keep their order, as on a WebSocket. */
  readonly inOrder: boolean;
  readonly lose: number;
  readonly double: number;
  readonly cut: number;
  /** Longest delay, ms. */
  readonly delayMs: number;
  readonly maxMessageBytes: number;
}

/** A link that does nothing wrong. */
export const noFaults: LinkFaults = {
  inOrder: true,
  lose: 0,
  double: 0,
  cut: 0,
  delayMs: 5,
  maxMessageBytes: 64 * 1024,
};

/** Chooses what a link does: like a WebSocket (in order, whole until it is cut), or like polling through bad hops. */
export function chooseFaults(random: Random): LinkFaults {
  const inOrder = random.chance(0.5);
  return {
    inOrder,
    lose: inOrder ? 0 : random.next() * 0.2,
    double: inOrder ? 0 : random.next() * 0.2,
    cut: random.chance(0.5) ? random.next() * 0.05 : 0,
    delayMs: random.chance(0.1) ? 500 : 20,
    maxMessageBytes: random.pick([300, 4096, 16 * 1024, 64 * 1024, 256 * 1024])!,
  };
}

/** A way between the two ends, of whatever kind. */
export interface SimLink {
  /** The gateway's end and the connector's. */
  readonly a: Transport;
  readonly b: Transport;
  /** Breaks it: told to both ends, to one, or to none. */
  cut(): void;
  /** Does nothing wrong from now on; what was lost stays lost. */
  heal(): void;
  /** Whether `end` takes messages. */
  setWritable(end: MemoryEnd, writable: boolean): void;
}

/**
 * A memory link that loses, doubles, delays and reorders messages, and breaks. What it loses it tells its sender about
 * later, mostly, as a repeated poll would.
 */
export class HostileLink implements SimLink {
  readonly memory: MemoryLink;
  open = true;
  readonly #clock: ManualClock;
  readonly #random: Random;
  readonly #statistics: Statistics;
  #faults: LinkFaults;
  readonly #lastArrival = { a: 0, b: 0 };
  /** Lowest offset of what was lost and not told yet. */
  readonly #lostOffset: { a: number | undefined; b: number | undefined } = { a: undefined, b: undefined };

  constructor(clock: ManualClock, random: Random, statistics: Statistics, faults: LinkFaults) {
    this.#clock = clock;
    this.#random = random;
    this.#statistics = statistics;
    this.#faults = faults;
    this.memory = createMemoryLink({
      defer: clock.defer,
      maxMessageBytes: faults.maxMessageBytes,
      carry: (towards, bytes, arrive) => this.#carry(towards, bytes, arrive),
    });
  }

  get a(): Transport {
    return this.memory.a;
  }

  get b(): Transport {
    return this.memory.b;
  }

  setWritable(end: MemoryEnd, writable: boolean): void {
    this.memory.setWritable(end, writable);
  }

  cut(): void {
    if (!this.open) return;
    this.open = false;
    this.#statistics.cuts++;
    const told = this.#random.below(4);
    if (told === 0) this.memory.cut();
    else if (told < 3) this.memory.drop(told === 1 ? 'a' : 'b');
    else this.#statistics.silent++;
  }

  heal(): void {
    this.#faults = { ...noFaults, inOrder: this.#faults.inOrder, maxMessageBytes: this.#faults.maxMessageBytes };
    for (const end of ['a', 'b'] as const) this.memory.setWritable(end, true);
  }

  #carry(towards: MemoryEnd, bytes: Uint8Array, arrive: () => void): void {
    const random = this.#random;
    this.#statistics.messages++;
    if (!this.open) return;
    // A cut within a message: the message is not whole, so it is not there.
    if (random.chance(this.#faults.cut)) return this.cut();
    if (random.chance(this.#faults.lose)) return this.#lose(towards, bytes);
    this.#arriveLater(towards, arrive);
    if (random.chance(this.#faults.double)) {
      this.#statistics.doubled++;
      this.#arriveLater(towards, arrive);
    }
  }

  #arriveLater(towards: MemoryEnd, arrive: () => void): void {
    const last = this.#lastArrival;
    let at = this.#clock.now() + this.#random.next() * this.#faults.delayMs;
    if (this.#faults.inOrder) at = Math.max(at, last[towards]);
    else if (at < last[towards]) this.#statistics.reordered++;
    last[towards] = Math.max(at, last[towards]);
    this.#clock.setTimer(() => {
      if (this.open) arrive();
    }, at - this.#clock.now());
  }

  #lose(towards: MemoryEnd, bytes: Uint8Array): void {
    this.#statistics.lost++;
    const header: MessageHeader = { offset: 0, ack: 0, reply: false, payloadStart: 0 };
    const isData = (bytes[0]! & 0xfe) === MessageKind.Data && readMessageHeader(bytes, header);
    if (!isData || header.payloadStart === bytes.length || this.#random.chance(0.02)) return;
    const lost = this.#lostOffset;
    const known = lost[towards];
    lost[towards] = Math.min(header.offset, known ?? header.offset);
    if (known !== undefined) return; // One report for all: each makes the sender start again.
    const sender = towards === 'a' ? this.memory.b : this.memory.a;
    this.#clock.setTimer(() => {
      const offset = lost[towards]!;
      lost[towards] = undefined;
      if (this.open) sender.handler.onLost?.(offset);
    }, this.#random.next() * 100);
  }
}
