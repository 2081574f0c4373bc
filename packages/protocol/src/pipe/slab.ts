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
    this.bytes = this.#allocate(Math.max(this.#size, room));
    this.at = 0;
  }
}
