/** Blocks kept for the next ones (4 MiB). */
const maxSpare = 16;

/**
 * Where outgoing messages are written: large blocks, carved from the front, shared by all sessions of a process, so
 * that a small message costs no allocation of its own and an idle session owns no buffer at all.
 */
export class Slab {
  /** The block being carved; free from {@link at} on. */
  bytes: Uint8Array;
  /** Start of the free part. */
  at = 0;
  readonly #allocate: (size: number) => Uint8Array;
  readonly #size: number;
  readonly #spare: Uint8Array[] = [];
  /** For each block that somebody holds, how often. Blocks of those who never let go are forgotten with them. */
  readonly #holds = new WeakMap<Uint8Array, number>();

  /**
   * @param size Bytes of a block. Default 256 KiB.
   * @param allocate Makes a block; need not be zeroed. Default `new Uint8Array(size)`.
   */
  constructor(size: number = 256 * 1024, allocate: (size: number) => Uint8Array = (n) => new Uint8Array(n)) {
    this.#size = size;
    this.#allocate = allocate;
    this.bytes = new Uint8Array(0);
  }

  /** Makes sure that at least `room` bytes are free behind {@link at}. */
  reserve(room: number): void {
    if (this.bytes.length - this.at >= room) return;
    const full = this.bytes;
    this.bytes = (room <= this.#size && this.#spare.pop()) || this.#allocate(Math.max(this.#size, room));
    this.at = 0;
    this.#keepFree(full);
  }

  /**
   * The block being carved serves nothing else before it was {@link release}d as often. Where one user of a slab does this all
   * have to, for whatever else lies in the block goes with it.
   */
  hold(): void {
    this.#holds.set(this.bytes, (this.#holds.get(this.bytes) ?? 0) + 1);
  }

  /** What a hold was for has gone: a block that nobody holds is carved anew. Who cannot tell does without. */
  release(block: Uint8Array): void {
    this.#holds.set(block, this.#holds.get(block)! - 1);
    if (block !== this.bytes) this.#keepFree(block);
  }

  /** A block that was never held may be referred to by anybody. */
  #keepFree(block: Uint8Array): void {
    const isFree = this.#holds.get(block) === 0 && block.length === this.#size;
    if (isFree && this.#spare.length < maxSpare) this.#spare.push(block);
  }
}
