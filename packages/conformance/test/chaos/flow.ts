import type { Socket } from 'node:net';

/** What a direction of a connection does with what comes: passes it, keeps it for later, a few bytes at a time, forgets it. */
export type Mode = 'pass' | 'hold' | 'drip' | 'drop';

/** Who sees what is delivered. */
export interface Watcher {
  /** At most so many bytes in one piece. */
  room(): number;
  /** These were delivered; may change the mode. */
  onBytes(bytes: Buffer): void;
}

interface Piece {
  readonly bytes: Buffer;
  readonly dueAt: number;
}

const dripBytes = 100;
const dripEachMs = 2;
/** What waits here; beyond it the sender is stopped, as by any network. */
const maxQueuedBytes = 1024 * 1024;

/** One direction of a connection through the hop. */
export class Flow {
  /** Added on the way, ms. */
  delayMs: number;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #watcher: Watcher;
  readonly #queue: Piece[] = [];
  #queuedBytes = 0;
  #mode: Mode = 'pass';
  #notBefore: number;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(from: Socket, to: Socket, delayMs: number, notBefore: number, watcher: Watcher) {
    this.#from = from;
    this.#to = to;
    this.delayMs = delayMs;
    this.#notBefore = notBefore;
    this.#watcher = watcher;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.on('end', () => {
      this.#ended = true;
      this.#pump();
    });
    to.on('drain', () => this.#pump());
  }

  /** What is dropped once stays so. */
  set mode(mode: Mode) {
    if (this.#mode === 'drop') return;
    this.#mode = mode;
    if (mode === 'drop') this.#forget();
    this.#pump();
  }

  #take(bytes: Buffer): void {
    if (this.#mode === 'drop') return;
    this.#queue.push({ bytes, dueAt: Math.max(performance.now() + this.delayMs, this.#notBefore) });
    this.#queuedBytes += bytes.length;
    this.#pump();
  }

  /** A sender whose bytes vanish does not notice. */
  #forget(): void {
    this.#queue.length = this.#queuedBytes = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#from.resume();
  }

  #pump(): void {
    if (this.#timer) return;
    while (this.#queue.length > 0 && this.#mode !== 'hold' && !this.#to.writableNeedDrain) {
      const wait = this.#queue[0]!.dueAt - performance.now();
      if (wait > 0) return this.#pumpIn(wait);
      if (this.#mode === 'drip') {
        this.#deliver(this.#shift(Math.min(dripBytes, this.#watcher.room())));
        return this.#pumpIn(dripEachMs);
      }
      this.#deliver(this.#shift(this.#watcher.room()));
    }
    if (this.#mode === 'drop') return;
    if (this.#queuedBytes > maxQueuedBytes) this.#from.pause();
    else this.#from.resume();
    if (this.#ended && this.#queue.length === 0 && this.#mode !== 'hold') this.#to.end();
  }

  #pumpIn(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#pump();
    }, ms);
  }

  #shift(most: number): Buffer {
    const { bytes, dueAt } = this.#queue.shift()!;
    const head = bytes.subarray(0, most);
    if (head.length < bytes.length) this.#queue.unshift({ bytes: bytes.subarray(head.length), dueAt });
    this.#queuedBytes -= head.length;
    return head;
  }

  #deliver(bytes: Buffer): void {
    if (this.#to.writable) this.#to.write(bytes);
    this.#watcher.onBytes(bytes);
  }
}
