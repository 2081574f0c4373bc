const blockBytes = 64 * 1024;
/** A piece shorter than this costs less in memory of its own than a block that it keeps. */
const leastBytes: number = blockBytes / 4;
/** Blocks kept for reads to come (1 MiB). */
const maxSpare = 16;

/**
 * Memory for what visitors sent and nobody has taken yet, shared by the connections of a front: an upload would ask for
 * fresh memory with each read, all of which V8 counts until it runs a full collection.
 */
export class InputBlocks {
  readonly #spare: Buffer[] = [];
  /** What {@link give} takes; whoever is gone without giving back leaves its blocks to the collector. */
  readonly #lent = new WeakSet<ArrayBufferLike>();

  /** A copy of `bytes`, in pieces no longer than a block. */
  copy(bytes: Uint8Array): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += blockBytes) pieces.push(this.#piece(bytes.subarray(at, at + blockBytes)));
    return pieces;
  }

  /** Nobody refers to `piece` any more. Other memory than {@link copy}'s is let alone. */
  give(piece: Uint8Array): void {
    if (piece.length < leastBytes || !this.#lent.delete(piece.buffer)) return;
    if (this.#spare.length < maxSpare) this.#spare.push(Buffer.from(piece.buffer));
  }

  #piece(bytes: Uint8Array): Uint8Array {
    if (bytes.length < leastBytes) return Buffer.from(bytes);
    const block = this.#spare.pop() ?? Buffer.allocUnsafeSlow(blockBytes);
    this.#lent.add(block.buffer);
    block.set(bytes);
    return block.subarray(0, bytes.length);
  }
}
