import { connect, type NetConnectOpts, type Socket } from 'node:net';

const blockBytes = 512 * 1024;
/** With less than this free, a block is full. */
const leastBytes = 64 * 1024;
/** Full blocks that may serve again. */
const maxFull = 2;

/** A block that is full, and where its last byte stands in the stream. */
interface FullBlock {
  readonly bytes: Buffer;
  readonly end: number;
}

/**
 * Memory that one WebSocket's socket is read into, one read behind the other. Left to itself a socket asks for 64 KiB for each
 * read and gives back what it did not need, and a long message, which is never whole in so little, is joined in as much memory
 * again; V8 counts all of it until it runs a full collection.
 */
export class ReadBlocks {
  #block: Buffer = Buffer.alloc(0);
  #at = 0;
  #full: FullBlock[] = [];
  /** Bytes that came. */
  #read = 0;
  /** At least so many of them nobody refers to any more. */
  #done = 0;

  /** Opens a socket that is read into these blocks: for the option `createConnection` of `ws`. */
  connect(options: NetConnectOpts): Socket {
    const socket: Socket = connect({
      ...options,
      onread: {
        buffer: () => this.#free(),
        callback: (length, buffer) => {
          this.#read += length;
          this.#at += length;
          return socket.push(buffer.subarray(0, length));
        },
      },
    });
    return socket;
  }

  /**
   * A message of `bytes` bytes was used, and so were those that came before it. What came beside messages (the answer to the
   * handshake, pings, headers of fragments) is not counted: blocks serve again a little later, or not at all.
   */
  used(bytes: number): void {
    this.#done += headerBytes(bytes) + bytes;
  }

  #free(): Buffer {
    if (this.#block.length - this.#at < leastBytes) {
      if (this.#at > 0) this.#full.push({ bytes: this.#block, end: this.#read });
      this.#block = this.#next();
      this.#at = 0;
    }
    return this.#block.subarray(this.#at);
  }

  #next(): Buffer {
    const [oldest] = this.#full;
    if (oldest && oldest.end <= this.#done) return this.#full.shift()!.bytes;
    if (this.#full.length > maxFull) this.#full.shift();
    return Buffer.allocUnsafeSlow(blockBytes);
  }
}

/** Length of a frame's header before a payload that is not masked (RFC 6455, section 5.2). */
function headerBytes(payload: number): number {
  if (payload < 126) return 2;
  return payload < 65_536 ? 4 : 10;
}
