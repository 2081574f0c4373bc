import type { ByteSource } from '@reverse-http/protocol/mux';

/** Tells a writer that its bytes are gone, or why they never will be. */
export type WriteCallback = (error?: Error | null) => void;

/** Bytes not taken yet beyond which writers are asked to wait. */
export const highWaterMark: number = 64 * 1024;

/** Fewer empty slots than this are not worth moving the others. */
const leastEmptySlots = 32;

/** Whoever the writers belong to; never called inside a call of the queue or of the pipe. */
export interface WriteQueueOwner {
  /** Runs a step in the async context of the writers. */
  inContext(step: () => void): void;
  /** Bytes were taken: a writer that was asked to wait need not any more. */
  onDrained(): void;
  /** All was taken, and the end with it. */
  onAllTaken(): void;
}

interface Waiting {
  /** Offset up to which bytes must be taken before it is called. */
  readonly at: number;
  readonly callback: WriteCallback;
}

/**
 * Bytes written by a handler, waiting for the pipe. As with a real socket, whose kernel takes what fits its buffer, a
 * write completes at once while no more than {@link highWaterMark} wait; but bytes that still belong to the writer
 * (`lent`) are referenced until the pipe takes them, and their write completes then.
 */
export class WriteQueue implements ByteSource {
  trailers: Uint8Array | undefined;
  readonly owner: WriteQueueOwner;
  #first: Uint8Array | undefined;
  /** What follows; the slots before {@link #restAt} are empty. */
  #rest: (Uint8Array | undefined)[] | undefined;
  #restAt = 0;
  #written = 0;
  #taken = 0;
  /** End of the last bytes that were lent. */
  #lentUntil = 0;
  #ending = false;
  #asked = false;
  #waiting: Waiting[] | undefined;
  #settling = false;
  #told = false;

  constructor(owner: WriteQueueOwner) {
    this.owner = owner;
  }

  /** Bytes added so far. */
  get written(): number {
    return this.#written;
  }

  /** Bytes not taken yet. */
  get length(): number {
    return this.#written - this.#taken;
  }

  /** Bytes whose write is not complete. */
  get incomplete(): number {
    return Math.max(0, this.#completeAt() - this.#taken);
  }

  get ended(): boolean {
    return this.#ending && this.#written === this.#taken;
  }

  /** Whether the writer may go on; when not, {@link WriteQueueOwner.onDrained} will be called, and until then it may not. */
  get ready(): boolean {
    if (!this.#asked && this.#written - this.#taken < highWaterMark) return true;
    this.#asked = true;
    return false;
  }

  /** Adds bytes, which must not change until taken; `lent` if they may afterwards. */
  push(bytes: Uint8Array, lent: boolean): void {
    this.#written += bytes.length;
    if (lent) this.#lentUntil = this.#written;
    if (this.#first === undefined) this.#first = bytes;
    else if (this.#rest === undefined) this.#rest = [bytes];
    else this.#rest.push(bytes);
  }

  /** No bytes will be added. */
  end(trailers: Uint8Array | undefined): void {
    this.#ending = true;
    this.trailers = trailers;
    if (this.ended) this.#settle();
  }

  /** Calls back once the writes so far are complete. */
  whenComplete(callback: WriteCallback): void {
    const waiting = { at: this.#completeAt(), callback };
    if (this.#waiting === undefined) this.#waiting = [waiting];
    else this.#waiting.push(waiting);
    if (waiting.at <= this.#taken) this.#settle();
  }

  read(into: Uint8Array, at: number, end: number): number {
    let position = at;
    while (this.#first !== undefined && position < end) {
      const bytes = this.#first;
      const length = Math.min(bytes.length, end - position);
      if (length === bytes.length) {
        into.set(bytes, position);
        this.#first = this.#rest && this.#next(this.#rest);
      } else {
        into.set(bytes.subarray(0, length), position);
        this.#first = bytes.subarray(length);
      }
      position += length;
    }
    this.#taken += position - at;
    if (this.#waiting !== undefined || this.#asked || this.ended) this.#settle(settleFromPull);
    return position - at;
  }

  /** Nothing will be taken any more: forgets the bytes, and tells the writers. */
  abandon(): void {
    const waiting = this.#waiting;
    this.#first = this.#rest = this.#waiting = undefined;
    this.#restAt = 0;
    this.#asked = false;
    this.#told = true;
    this.#written = this.#taken;
    if (!waiting) return;
    const error = Object.assign(new Error('Cannot call write after a stream was destroyed'), {
      code: 'ERR_STREAM_DESTROYED',
    });
    process.nextTick(() => {
      for (const { callback } of waiting) callback(error);
    });
  }

  #completeAt(): number {
    return Math.max(this.#lentUntil, this.#written - highWaterMark);
  }

  /** A queue that is never wholly empty must not hold what was taken long ago, nor grow by it. */
  #next(rest: (Uint8Array | undefined)[]): Uint8Array | undefined {
    const bytes = rest[this.#restAt];
    rest[this.#restAt++] = undefined;
    if (this.#restAt === rest.length) {
      this.#rest = undefined;
      this.#restAt = 0;
    } else if (this.#restAt >= leastEmptySlots && this.#restAt * 2 >= rest.length) {
      rest.splice(0, this.#restAt);
      this.#restAt = 0;
    }
    return bytes;
  }

  /** Callbacks never run inside the pipe's pull, where what they write would be overlooked. */
  #settle(how: (queue: WriteQueue) => void = settle): void {
    if (this.#settling) return;
    this.#settling = true;
    process.nextTick(how, this);
  }

  /** Called by the tick. */
  settleNow(): void {
    this.#settling = false;
    for (let first = this.#waiting?.[0]; first !== undefined && first.at <= this.#taken; first = this.#waiting?.[0]) {
      if (this.#waiting!.length === 1) this.#waiting = undefined;
      else this.#waiting!.shift();
      first.callback();
    }
    if (this.#asked && this.length < highWaterMark) {
      this.#asked = false;
      this.owner.onDrained();
    }
    if (this.ended && !this.#told) {
      this.#told = true;
      this.owner.onAllTaken();
    }
  }
}

function settle(queue: WriteQueue): void {
  queue.settleNow();
}

/** The pipe pulls in nobody's context. */
function settleFromPull(queue: WriteQueue): void {
  queue.owner.inContext(() => queue.settleNow());
}
