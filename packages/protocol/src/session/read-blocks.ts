/** Where blocks come from and go to. */
export interface BlockPool<Block extends Uint8Array> {
  /** A block that nobody refers to; undefined where there is none to be had. */
  take(): Block | undefined;
  /** Nobody refers to it any more. */
  give(block: Block): void;
}

/** A block that is full, and where its last byte stands in the stream. */
interface FullBlock<Block> {
  readonly block: Block;
  readonly end: number;
}

/** Settings of {@link ReadBlocks}. */
export interface ReadBlocksOptions<Block extends Uint8Array> {
  readonly pool: BlockPool<Block>;
  /** Whether the peer masks what it sends: frames of clients have four bytes more. */
  readonly isMasked: boolean;
}

/**
 * Memory that what comes by one WebSocket lies in, one read behind the other, and that serves again. A socket left to itself
 * asks for fresh memory with each read, all of which V8 counts until it runs a full collection, and a long message, which is
 * never whole in so little, is joined in as much memory again.
 *
 * Nobody says what a WebSocket's reader still refers to. So what came is counted, and what of it was used: a block is free
 * when all that came with it and before it was used.
 */
export class ReadBlocks<Block extends Uint8Array> {
  readonly #pool: BlockPool<Block>;
  readonly #maskBytes: number;
  #block: Block | undefined;
  #at = 0;
  #full: FullBlock<Block>[] = [];
  /** Bytes that came. */
  #came = 0;
  /** At least so many of them nobody refers to any more. */
  #used = 0;

  constructor({ pool, isMasked }: ReadBlocksOptions<Block>) {
    this.#pool = pool;
    this.#maskBytes = isMasked ? 4 : 0;
  }

  /** Blocks that were taken and not given back. */
  get held(): number {
    return this.#full.length + (this.#block ? 1 : 0);
  }

  /** Where the next bytes go, at least `least`; undefined where the pool has nothing. */
  room(least: number): Block | undefined {
    if (!this.#block || this.#block.length - this.#at < least) {
      if (this.#block) this.#full.push({ block: this.#block, end: this.#came });
      this.#block = this.#pool.take();
      this.#at = 0;
    }
    return this.#block?.subarray(this.#at) as Block | undefined;
  }

  /** Bytes came, and lie at the beginning of the {@link room}. */
  came(bytes: number): void {
    this.#at += bytes;
    this.#came += bytes;
  }

  /** Bytes came, and lie elsewhere. None may be left out: a block would serve again too early. */
  cameElsewhere(bytes: number): void {
    this.#came += bytes;
  }

  /**
   * A message, ping or pong of `payload` bytes was used, and so was all that came before it. What is never told (the answer
   * to the handshake, headers of fragments) makes blocks serve again later, or not at all.
   */
  used(payload: number): void {
    this.#used += frameHeaderBytes(payload) + this.#maskBytes + payload;
    while (this.#full.length > 0 && this.#full[0]!.end <= this.#used) this.#pool.give(this.#full.shift()!.block);
  }

  /** Gives the present block back as well, if all that came was used: for those who ask for {@link room} before each read. */
  rest(): void {
    if (this.#block === undefined || this.#used < this.#came) return;
    this.#pool.give(this.#block);
    this.#block = undefined;
  }
}

/** Length of a frame's header, without a mask (RFC 6455, section 5.2). */
function frameHeaderBytes(payload: number): number {
  if (payload < 126) return 2;
  return payload < 65_536 ? 4 : 10;
}
