import type { Duplex } from 'node:stream';
import { copyBytes, type WrittenBody } from '@reverse-http/protocol/http1';
import type { OutputBlock, OutputBlocks } from './output-blocks.js';

/** A part smaller than this of its buffer is copied where it has to wait: it would keep the whole buffer meanwhile. */
const sharedPart = 4;

/** Bytes from here on are handed to the socket as they are; shorter runs are copied behind what goes out anyway. */
const copiedBytes = 4096;

/** Bodies up to this length are written into a block. */
const placedBytes = 48 * 1024;

/**
 * What a connection writes, gathered so that a head, its body and what belongs to it leave in one system call: small
 * pieces in a block shared by all connections, large ones corked until the turn's end.
 */
export class Output {
  readonly #socket: Duplex;
  readonly #blocks: OutputBlocks;
  readonly #onPending: (output: Output) => void;
  /** The block that holds our unsent part `[start, end)`. */
  #block: OutputBlock | undefined;
  #start = 0;
  #end = 0;
  #corked = false;
  #pending = false;

  /**
   * @param blocks Shared by the connections of a front.
   * @param onPending Asks for a {@link flush} at the end of the turn.
   */
  constructor(socket: Duplex, blocks: OutputBlocks, onPending: (output: Output) => void) {
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
    const goesOn = before !== undefined && before === blocks.current && before.at === this.#end;
    if (goesOn && before.bytes.length - this.#end >= count) return this.#end;
    const waiting = this.#end - this.#start;
    if (before === undefined || waiting > copiedBytes) {
      this.#writeBlock();
      this.#block = blocks.hold(count);
      this.#start = this.#end = this.#block.at;
    } else {
      // Others wrote behind our head before its body came: moving it costs less than another system call.
      const block = blocks.hold(waiting + count);
      const end = copyBytes(before.bytes, this.#start, this.#end, block.bytes, block.at);
      blocks.release(before);
      this.#block = block;
      this.#start = block.at;
      this.#end = block.at = end;
    }
    return this.#end;
  }

  /** Where {@link reserve} made room. */
  get block(): Buffer {
    return this.#block!.bytes;
  }

  /** What was reserved is written up to `end`. */
  commit(end: number): void {
    this.#end = this.#block!.at = end;
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

  /** Has a body written where it leaves from; one that is too long for that, into a block that it has alone until it left. */
  writeBody(body: WrittenBody): void {
    if (body.length > placedBytes) return this.#writeLong(body);
    const at = this.reserve(body.length);
    body.writeTo(this.block, at);
    this.commit(at + body.length);
  }

  #writeLong(body: WrittenBody): void {
    const blocks = this.#blocks;
    const block = blocks.takeLong(body.length);
    body.writeTo(block, 0);
    this.#cork();
    this.#writeBlock();
    // After an error nobody knows who still refers to it.
    this.#socket.write(block.subarray(0, body.length), (error) => {
      if (!error) blocks.giveLong(block);
    });
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
      this.#socket.write(block.bytes.subarray(this.#start, this.#end));
      // A socket with room has handed all to the system by now; else it still refers to the block.
      if (this.#socket.writableLength > 0) block.kept = true;
    }
    this.#blocks.release(block);
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
