import type { Writable } from 'node:stream';

const blockBytes = 1 << 20;
const pieceBytes = 1 << 16;

/** Bytes that repeat after 1 MiB, and within it do not: what is lost, doubled or moved is seen. */
const block: Buffer = makeBlock();

/** Writes so many bytes of the pattern, as fast as they are taken, and ends. Gives up when the other side leaves. */
export function writePattern(to: Writable, bytes: number): void {
  let sent = 0;
  const go = (): void => {
    while (sent < bytes && !to.destroyed) {
      const from = sent % blockBytes;
      const piece = block.subarray(from, Math.min(from + pieceBytes, from + bytes - sent, blockBytes));
      sent += piece.length;
      if (!to.write(piece)) return;
    }
    to.off('drain', go).end();
  };
  to.on('drain', go);
  go();
}

/** Looks at what arrives. Comparing costs a tenth of what receiving does, and all subjects alike. */
export class PatternCheck {
  #bytes = 0;
  #isRight = true;

  take(piece: Buffer): void {
    for (let at = 0; at < piece.length; ) {
      const from = this.#bytes % blockBytes;
      const length = Math.min(piece.length - at, blockBytes - from);
      this.#isRight &&= block.compare(piece, at, at + length, from, from + length) === 0;
      this.#bytes += length;
      at += length;
    }
  }

  /** Whether it was the pattern, whole. */
  isWhole(bytes: number): boolean {
    return this.#isRight && this.#bytes === bytes;
  }
}

function makeBlock(): Buffer {
  const words = new Uint32Array(blockBytes / 4);
  // Numerical Recipes' linear congruential generator: the same bytes in every process.
  let state = 1;
  for (let index = 0; index < words.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    words[index] = state;
  }
  return Buffer.from(words.buffer);
}
