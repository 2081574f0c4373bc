import { ReverseHttpError } from '../errors/index.js';
import { type ByteBudget, defaultMaxUnackedBytes, maxUnackedControlBytes } from './pipe-limits.js';

/** Bytes that came before those they follow. */
interface HeldPiece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Pieces that may wait for a gap to be filled, however small they are. */
export const maxHeldPieces = 1024;

/** Settings of a {@link PipeReceiver}. */
export interface PipeReceiverOptions {
  /** What may wait for a gap to be filled, bytes. Default 16 MiB (as announced) and 256 KiB for control frames. */
  readonly maxHeldBytes?: number;
  /** Asked as well before anything waits; gives nothing: what came is dropped, unacked. Default none. */
  readonly budget?: ByteBudget;
}

/**
 * The receiving half of a pipe: puts messages in order, discards what came already, never skips a gap. What it cannot
 * hold it drops, unacked, so that the peer sends it again.
 */
export class PipeReceiver {
  /** Every byte below was taken by the decoder: this is what is acked. */
  next = 0;
  readonly #onBytes: (bytes: Uint8Array) => void;
  readonly #maxHeldBytes: number;
  readonly #budget: ByteBudget | undefined;
  /** In order of their offsets; none lies whole inside another. */
  #held: HeldPiece[] = [];
  #heldBytes = 0;

  /** @param onBytes Takes the stream in order; what it keeps it must copy. */
  constructor(onBytes: (bytes: Uint8Array) => void, options: PipeReceiverOptions = {}) {
    this.#onBytes = onBytes;
    this.#maxHeldBytes = options.maxHeldBytes ?? defaultMaxUnackedBytes + maxUnackedControlBytes;
    this.#budget = options.budget;
  }

  /** Bytes that wait for a gap to be filled. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Takes bytes that stand at `offset` in the peer's stream. */
  receive(offset: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (offset + bytes.length > Number.MAX_SAFE_INTEGER) {
      throw new ReverseHttpError('protocol-error', 'offset out of range');
    }
    if (offset > this.next) {
      this.#hold(offset, bytes);
      return;
    }
    this.#take(offset, bytes);
    if (this.#held.length > 0) this.#takeHeld();
  }

  /** Drops what waits; nothing more will come. */
  clear(): void {
    this.#budget?.give(this.#heldBytes);
    this.#held = [];
    this.#heldBytes = 0;
  }

  #take(offset: number, bytes: Uint8Array): void {
    const skip = this.next - offset;
    if (skip >= bytes.length) return;
    const fresh = skip === 0 ? bytes : bytes.subarray(skip);
    this.next += fresh.length;
    this.#onBytes(fresh);
  }

  #takeHeld(): void {
    let count = 0;
    // A callback may clear the list.
    for (let piece = this.#held[count]; piece && piece.offset <= this.next; piece = this.#held[++count]) {
      this.#take(piece.offset, piece.bytes);
    }
    this.#remove(0, Math.min(count, this.#held.length));
  }

  #hold(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    if (end - this.next > this.#maxHeldBytes) return;
    const held = this.#held;
    const index = this.#indexOf(offset);
    // A piece before this one, or a longer one at the same offset, may say it all already.
    if (index > 0 && endOf(held[index - 1]!) >= end) return;
    if (index < held.length && held[index]!.offset === offset && endOf(held[index]!) >= end) return;
    let covered = index;
    while (covered < held.length && endOf(held[covered]!) <= end) covered++;
    this.#remove(index, covered);
    if (held.length === maxHeldPieces || this.#heldBytes + bytes.length > this.#maxHeldBytes) return;
    if (this.#budget && !this.#budget.take(bytes.length)) return;
    // A copy: the transport's buffer is its own again after the call, and may be far larger than this piece of it.
    held.splice(index, 0, { offset, bytes: new Uint8Array(bytes) });
    this.#heldBytes += bytes.length;
  }

  /** Where a piece at `offset` belongs. */
  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#held.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#held[middle]!.offset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #remove(from: number, to: number): void {
    if (to <= from) return;
    let bytes = 0;
    for (let i = from; i < to; i++) bytes += this.#held[i]!.bytes.length;
    this.#held.splice(from, to - from);
    this.#heldBytes -= bytes;
    this.#budget?.give(bytes);
  }
}

function endOf(piece: HeldPiece): number {
  return piece.offset + piece.bytes.length;
}
