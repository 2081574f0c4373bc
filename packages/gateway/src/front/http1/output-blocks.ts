/** What is no longer than this lies among its like: of what a slow visitor leaves, many fit one block. */
const smallBytes = 4096;
const smallBlockBytes = 64 * 1024;
const blockBytes = 128 * 1024;
/** Blocks of either size kept for the turns to come, beside the ones being filled (0.75 MiB). */
const maxSpare = 4;
/** Long bodies' memory that is kept: for each of the two polls that carry one down at a time. No body is longer than 4 MiB. */
const maxLongSpare = 2;
const longestKept: number = 4 * 1024 * 1024;

/** Memory that connections write into, one behind the other. */
export class OutputBlock {
  readonly bytes: Buffer;
  /** Free from here on. */
  at = 0;
  /** How many times it is held: by connections whose bytes have not left. One that is never let go is left to the collector. */
  holders = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size);
  }
}

/** Where the connections of a front gather what they write. A block is begun anew once everybody's bytes have left. */
export class OutputBlocks {
  readonly #small = new Chain(smallBlockBytes);
  readonly #large = new Chain(blockBytes);
  #longSpare: Buffer[] = [];

  /** A block with `room` free bytes, shared with others, which nobody gets anew before {@link release}. */
  hold(room: number): OutputBlock {
    return (room <= smallBytes ? this.#small : this.#large).hold(room);
  }

  /** The same, shared with nobody. */
  holdAlone(room: number): OutputBlock {
    const block = this.#large.next(room);
    block.holders++;
    return block;
  }

  /** Whether {@link hold} would give `block` as well, but for its room. */
  isFor(block: OutputBlock, room: number): boolean {
    return block === this.#large.current || (room <= smallBytes && block === this.#small.current);
  }

  /** What was held has left. */
  release(block: OutputBlock): void {
    (block.bytes.length === smallBlockBytes ? this.#small : this.#large).release(block);
  }

  /** Memory for one long body, which goes back by {@link giveLong}. */
  takeLong(bytes: number): Buffer {
    const index = this.#longSpare.findIndex((spare) => spare.length >= bytes);
    if (index >= 0) return this.#longSpare.splice(index, 1)[0]!;
    // A power of two, so that bodies which grow bit by bit do not ask for a new one each time.
    return Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(bytes)));
  }

  /** The body has left. The longest blocks are kept. */
  giveLong(block: Buffer): void {
    if (block.length > longestKept) return;
    this.#longSpare.push(block);
    if (this.#longSpare.length <= maxLongSpare) return;
    this.#longSpare.sort((a, b) => a.length - b.length).shift();
  }
}

/** Blocks of one size, of which one is being filled. */
class Chain {
  current: OutputBlock = new OutputBlock(0);
  readonly #size: number;
  readonly #spare: OutputBlock[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  hold(room: number): OutputBlock {
    if (this.current.bytes.length - this.current.at < room) this.current = this.next(room);
    this.current.holders++;
    return this.current;
  }

  /** One that is free. */
  next(room: number): OutputBlock {
    const spare = room > this.#size ? undefined : this.#spare.pop();
    return spare ?? new OutputBlock(Math.max(this.#size, room));
  }

  release(block: OutputBlock): void {
    if (--block.holders > 0) return;
    block.at = 0;
    const fits = block.bytes.length === this.#size && this.#spare.length < maxSpare;
    if (block !== this.current && fits) this.#spare.push(block);
  }
}
