/** Memory that serves again, in blocks of a few sizes: V8 counts what is asked for, until it runs a full collection. */
export class SpareBlocks {
  /** Length of the shortest blocks. */
  readonly smallest: number;
  readonly #maxSpare: readonly number[];
  readonly #spare: Uint8Array[][];

  /**
   * @param smallest Bytes of the shortest blocks; each size is four times the one before.
   * @param maxSpare How many blocks of each size are kept while nobody has them.
   */
  constructor(smallest: number, maxSpare: readonly number[]) {
    this.smallest = smallest;
    this.#maxSpare = maxSpare;
    this.#spare = maxSpare.map(() => []);
  }

  /** A block of at least `bytes`; longer than the longest it is as long as that, and not kept. */
  take(bytes: number): Uint8Array {
    let size = this.smallest;
    for (let index = 0; index < this.#spare.length; index++, size *= 4) {
      if (size >= bytes) return this.#spare[index]!.pop() ?? Buffer.allocUnsafeSlow(size);
    }
    return Buffer.allocUnsafeSlow(bytes);
  }

  /** Nobody refers to `block` any more. Memory of other lengths is let alone. */
  give(block: Uint8Array): void {
    let size = this.smallest;
    for (let index = 0; index < this.#spare.length; index++, size *= 4) {
      const spare = this.#spare[index]!;
      if (size === block.length && spare.length < this.#maxSpare[index]!) spare.push(block);
    }
  }
}
