import type { Socket } from 'node:net';

/** What a direction of a link does to what passes. */
export interface LaneOptions {
  readonly delayMs: number;
  /** `Infinity`: without limit. */
  readonly bytesPerMs: number;
  /** How much may wait for its turn, as a time: a router's queue. Beyond it nothing is read from anybody. */
  readonly queueMs: number;
}

interface Travelling {
  readonly dueAt: number;
  readonly arrive: () => void;
}

/** One direction of a link: everything that passes shares its rate and its queue, and arrives in order. */
export class Lane {
  readonly #options: LaneOptions;
  readonly #travelling: Travelling[] = [];
  readonly #waiting = new Set<Socket>();
  /** When the last byte that was taken has left. */
  #freeAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** Calls `arrive` when so many bytes have passed. `from` is not read while the queue is full. */
  pass(from: Socket, bytes: number, arrive: () => void): void {
    const { delayMs, bytesPerMs, queueMs } = this.#options;
    const now = performance.now();
    this.#freeAt = Math.max(now, this.#freeAt) + bytes / bytesPerMs;
    if (this.#freeAt + delayMs <= now) return arrive();
    this.#travelling.push({ dueAt: this.#freeAt + delayMs, arrive });
    if (this.#freeAt - now > queueMs) {
      from.pause();
      this.#waiting.add(from);
    }
    this.#timer ??= setTimeout(() => this.#deliver(), 1);
  }

  #deliver(): void {
    const now = performance.now();
    const { queueMs } = this.#options;
    while (this.#travelling[0] !== undefined && this.#travelling[0].dueAt <= now) this.#travelling.shift()!.arrive();
    if (this.#freeAt - now <= queueMs) {
      for (const socket of this.#waiting) socket.resume();
      this.#waiting.clear();
    }
    const next = this.#travelling[0];
    this.#timer = next && setTimeout(() => this.#deliver(), Math.max(1, next.dueAt - now));
  }
}
