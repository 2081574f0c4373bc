/** Where blocks come from and go to. */
export interface BlockPool<Block extends Uint8Array> {
  /** A block that nobody refers to; undefined where there is none to be had. */
  take(): Block | undefined;
  /** Nobody refers to it any more. */
  give(block: Block): void;
  /** One that was taken is left to the collector. */
  drop(): void;
}

/** Full blocks that are waited for; the oldest is dropped, for what is not told of may keep it for ever. */
const maxFull = 4;

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
  readonly #isMasked: boolean;
  #block: Block | undefined;
  #at = 0;
  #full: FullBlock<Block>[] = [];
  /** Bytes that came. */
  #came = 0;
  /** At least so many of them nobody refers to any more. */
  #used = 0;

  constructor({ pool, isMasked }: ReadBlocksOptions<Block>) {
    this.#pool = pool;
    this.#isMasked = isMasked;
  }

  /** Where the next bytes go, at least `least`; undefined where the pool has nothing. */
  room(least: number): Block | undefined {
    if (!this.#block || this.#block.length - this.#at < least) {
      if (this.#block) this.#setAside(this.#block);
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
   * to the handshake, headers of fragments) makes blocks serve again later, in the end not at all.
   */
  used(payload: number): void {
    this.#used += payload + (this.#isMasked ? maskedHeaderBytes(payload) : leastHeaderBytes(payload));
    while (this.#full.length > 0 && this.#full[0]!.end <= this.#used) this.#pool.give(this.#full.shift()!.block);
  }

  /** Nothing more comes, and nothing is told of: what is held is left to the collector. */
  close(): void {
    for (const _ of this.#full.splice(0)) this.#pool.drop();
    if (this.#block) this.#pool.drop();
    this.#block = undefined;
  }

  #setAside(block: Block): void {
    if (this.#full.length === maxFull) {
      this.#full.shift();
      this.#pool.drop();
    }
    this.#full.push({ block, end: this.#came });
  }

  /** Gives the present block back as well, if all that came was used: for those who ask for {@link room} before each read. */
  rest(): void {
    if (this.#block === undefined || this.#used < this.#came) return;
    this.#pool.give(this.#block);
    this.#block = undefined;
  }
}

/**
 * Least bytes of header that a message has, in however many fragments it came (RFC 6455, sections 5.2 and 5.4): two of up to
 * 65,535 bytes have less than one that is longer.
 */
function leastHeaderBytes(payload: number): number {
  if (payload < 126) return 2;
  if (payload <= 65_535) return 4;
  if (payload <= 65_535 + 125) return 6;
  return payload <= 2 * 65_535 ? 8 : 10;
}

/** The same where each fragment has a mask of four bytes: one frame has least. */
function maskedHeaderBytes(payload: number): number {
  if (payload < 126) return 6;
  return payload <= 65_535 ? 8 : 14;
}
