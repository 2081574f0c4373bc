import type { Duplex } from 'node:stream';
import { copyBytes, type WrittenBody } from '@reverse-http/protocol/http1';
import type { OutputBlock, OutputBlocks } from './output-blocks.js';

/** A part smaller than this of its block is copied where it has to wait: it would keep what all share. */
const sharedPart = 4;

/** Of what waits already, so much is moved in memory rather than written by itself. */
const movedBytes = 4096;

/** Bytes are written into blocks in parts of this length. */
const partBytes = 64 * 1024;

/** Bodies up to this length are written into a block. */
const placedBytes = 48 * 1024;

/**
 * What a connection writes, gathered so that a head, its body and what belongs to it leave in one system call: in a block
 * shared by all connections; in blocks of its own while its visitor is behind, or those of all would wait with it.
 */
export class Output {
  readonly #socket: Duplex;
  readonly #blocks: OutputBlocks;
  readonly #onPending: (output: Output) => void;
  /** The block that holds our unsent part `[start, end)`. */
  #block: OutputBlock | undefined;
  #start = 0;
  #end = 0;
  /** The block that is nobody else's, while the visitor is behind. */
  #own: OutputBlock | undefined;
  /** Blocks that the socket refers to until it has drained. */
  #kept: OutputBlock[] | undefined;
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

  /** Makes room for up to `count` bytes at the returned position of {@link block}. */
  reserve(count: number): number {
    const before = this.#block;
    const goesOn = before !== undefined && this.#isFor(before, count) && before.at === this.#end;
    if (goesOn && before.bytes.length - this.#end >= count) return this.#end;
    const waiting = this.#end - this.#start;
    if (before === undefined || waiting > movedBytes) {
      this.#writeBlock();
      this.#block = this.#hold(count);
      this.#start = this.#end = this.#block.at;
    } else {
      // Others wrote behind our head before its body came: moving it costs less than another system call.
      const block = this.#hold(waiting + count);
      const end = copyBytes(before.bytes, this.#start, this.#end, block.bytes, block.at);
      if (before === this.#own && before !== block) this.#own = undefined;
      this.#blocks.release(before);
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

  /** Writes a copy of `bytes`. */
  write(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; from += partBytes) {
      const to = Math.min(from + partBytes, bytes.length);
      const at = this.reserve(to - from);
      this.block.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), at);
      this.commit(at + to - from);
    }
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

  /** The socket has taken everything: the blocks that waited for it are free. */
  onDrain(): void {
    if (this.#socket.writableLength > 0) return;
    const kept = this.#kept ?? [];
    this.#kept = this.#own = undefined;
    for (const block of kept) this.#blocks.release(block);
  }

  #isFor(block: OutputBlock, room: number): boolean {
    return block === this.#own || this.#blocks.isFor(block, room);
  }

  #hold(room: number): OutputBlock {
    if (!this.#socket.writableNeedDrain) return this.#blocks.hold(room);
    if (this.#own && this.#own.bytes.length - this.#own.at >= room) this.#own.holders++;
    else this.#own = this.#blocks.holdAlone(room);
    return this.#own;
  }

  #writeBlock(): void {
    const block = this.#block;
    if (block === undefined) return;
    this.#block = undefined;
    const socket = this.#socket;
    const part = block.bytes.subarray(this.#start, this.#end);
    if (socket.writableLength > 0 && block !== this.#own && part.length * sharedPart < block.bytes.length) {
      if (part.length > 0) socket.write(Buffer.from(part));
      return this.#blocks.release(block);
    }
    if (part.length > 0) socket.write(part);
    // A socket with room has handed all to the system by now.
    if (socket.writableLength > 0 && socket.writableNeedDrain) return this.#keep(block);
    if (block === this.#own) this.#own = undefined;
    // Of what is left in one with room nobody tells when it is gone.
    if (socket.writableLength === 0) this.#blocks.release(block);
  }

  #keep(block: OutputBlock): void {
    if (this.#kept) this.#kept.push(block);
    else this.#kept = [block];
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
