const blockBytes = 32 * 1024;

/**
 * Where the connections of a front gather what they write. One block serves them all, turn after turn: it is begun anew
 * once everybody's bytes have left. A block that a socket still refers to is left to it.
 */
export class OutputBlocks {
  /** The block being filled; free from {@link at} on. */
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  #holders = 0;
  #kept = false;

  /** Makes sure of `room` free bytes, and that nobody else gets them before {@link release}. */
  hold(room: number): Buffer {
    this.#holders++;
    if (this.bytes.length - this.at < room) {
      this.bytes = Buffer.allocUnsafeSlow(Math.max(blockBytes, room));
      this.at = 0;
      this.#kept = false;
    }
    return this.bytes;
  }

  /** A part of `block` was given to somebody who still refers to it. */
  keep(block: Buffer): void {
    if (block === this.bytes) this.#kept = true;
  }

  /** What was held has left. */
  release(): void {
    if (--this.#holders === 0 && !this.#kept) this.at = 0;
  }
}
