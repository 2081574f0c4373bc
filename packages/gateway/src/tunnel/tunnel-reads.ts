import { type BlockPool, ReadBlocks } from '@reverse-http/protocol/session';

const blockBytes = 512 * 1024;
/** Blocks in use at a time (32 MiB); where there are no more, reads get fresh memory. */
const maxLent = 64;
/** Blocks kept for reads to come. */
const maxSpare = 4;
/** Shorter reads get memory of their own: an idle connector is to pin no block. */
const leastBytes = 16 * 1024;

/** What is read from one connector's socket. */
export class TunnelReads {
  readonly #blocks: ReadBlocks<Buffer>;
  #closed = false;

  constructor(pool: TunnelBlocks) {
    this.#blocks = new ReadBlocks({ pool, isMasked: true });
  }

  /** Bytes came with the handshake. */
  began(bytes: number): void {
    this.#blocks.cameElsewhere(bytes);
  }

  /** Copies what was read to where it is good until it was {@link used}. */
  keep(bytes: Uint8Array): Buffer {
    const room = bytes.length < leastBytes || this.#closed ? undefined : this.#blocks.room(bytes.length);
    if (!room) {
      this.#blocks.cameElsewhere(bytes.length);
      return Buffer.from(bytes);
    }
    room.set(bytes);
    this.#blocks.came(bytes.length);
    return room.subarray(0, bytes.length);
  }

  /** See {@link ReadBlocks.used}. */
  used(payload: number): void {
    if (this.#closed) return;
    this.#blocks.used(payload);
    this.#blocks.rest();
  }

  /** The socket is closed. */
  close(): void {
    this.#closed = true;
    this.#blocks.close();
  }
}

/** The blocks of all tunnels. */
export class TunnelBlocks implements BlockPool<Buffer> {
  readonly #spare: Buffer[] = [];
  #lent = 0;

  take(): Buffer | undefined {
    if (this.#lent === maxLent) return undefined;
    this.#lent++;
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(blockBytes);
  }

  give(block: Buffer): void {
    this.#lent--;
    if (this.#spare.length < maxSpare) this.#spare.push(block);
  }

  drop(): void {
    this.#lent--;
  }
}
