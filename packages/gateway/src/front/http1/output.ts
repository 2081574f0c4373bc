import type { Socket } from 'node:net';
import { copyBytes } from '@reverse-http/protocol/http1';
import type { OutputBlocks } from './output-blocks.js';

/** A part smaller than this of its buffer is copied where it has to wait: it would keep the whole buffer meanwhile. */
const sharedPart = 4;

/** Bytes from here on are handed to the socket as they are; shorter runs are copied behind what goes out anyway. */
const copiedBytes = 4096;

/**
 * What a connection writes, gathered so that a head, its body and what belongs to it leave in one system call: small
 * pieces in a block shared by all connections, large ones corked until the turn's end.
 */
export class Output {
  readonly #socket: Socket;
  readonly #blocks: OutputBlocks;
  readonly #onPending: (output: Output) => void;
  /** The block that holds our unsent part `[start, end)`. */
  #block: Buffer | undefined;
  #start = 0;
  #end = 0;
  #corked = false;
  #pending = false;

  /**
   * @param blocks Shared by the connections of a front.
   * @param onPending Asks for a {@link flush} at the end of the turn.
   */
  constructor(socket: Socket, blocks: OutputBlocks, onPending: (output: Output) => void) {
    this.#socket = socket;
    this.#blocks = blocks;
    this.#onPending = onPending;
  }

  /** Whether more may be written without piling up. */
  get writable(): boolean {
    return !this.#socket.writableNeedDrain;
  }

  /** Makes room for up to `count` bytes (at most the slab's block) at the returned position of {@link block}. */
  reserve(count: number): number {
    const blocks = this.#blocks;
    const before = this.#block;
    if (before === blocks.bytes && blocks.at === this.#end && before.length - this.#end >= count) return this.#end;
    const waiting = this.#end - this.#start;
    if (before === undefined || waiting > copiedBytes) {
      this.#writeBlock();
      this.#block = blocks.hold(count);
      this.#start = this.#end = blocks.at;
    } else {
      // Others wrote behind our head before its body came: moving it costs less than another system call.
      const block = blocks.hold(waiting + count);
      blocks.release();
      this.#block = block;
      const end = copyBytes(before, this.#start, this.#end, block, blocks.at);
      this.#start = blocks.at;
      this.#end = blocks.at = end;
    }
    return this.#end;
  }

  /** Where {@link reserve} made room. */
  get block(): Buffer {
    return this.#block!;
  }

  /** What was reserved is written up to `end`. */
  commit(end: number): void {
    this.#end = this.#blocks.at = end;
    this.#want();
  }

  /** Writes bytes that do not change afterwards. */
  write(bytes: Uint8Array): void {
    if (bytes.length < copiedBytes) {
      const at = this.reserve(bytes.length);
      this.block.set(bytes, at);
      this.commit(at + bytes.length);
      return;
    }
    this.#cork();
    this.#writeBlock();
    const waits = this.#socket.writableNeedDrain && bytes.length * sharedPart < bytes.buffer.byteLength;
    this.#socket.write(waits ? Buffer.from(bytes) : bytes);
    this.#want();
  }

  /** Hands everything to the socket. */
  flush(): void {
    this.#pending = false;
    this.#writeBlock();
    if (!this.#corked) return;
    this.#corked = false;
    this.#socket.uncork();
  }

  #writeBlock(): void {
    const block = this.#block;
    if (block === undefined) return;
    this.#block = undefined;
    if (this.#end > this.#start) {
      this.#socket.write(block.subarray(this.#start, this.#end));
      // A socket with room has handed all to the system by now; else it still refers to the block.
      if (this.#socket.writableLength > 0) this.#blocks.keep(block);
    }
    this.#blocks.release();
  }

  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#socket.cork();
  }

  #want(): void {
    if (this.#pending) return;
    this.#pending = true;
    this.#onPending(this);
  }
}
