import type { Readable } from 'node:stream';
import type { AcceptedExchange } from '@reverse-http/protocol/exchange';

/**
 * What came of a request's body (or of an upgraded stream) and was not asked for yet: given to a readable piece by piece
 * as it asks. Credit goes back with each piece, so at most a window waits here, and a high-water mark in the readable.
 */
export class RequestBody {
  /** Bytes that came. */
  received = 0;
  readonly #readable: Readable;
  readonly #exchange: Pick<AcceptedExchange, 'consumed'>;
  #pieces: Buffer[] | undefined;
  #wanted = false;
  #ended = false;

  constructor(readable: Readable, exchange: Pick<AcceptedExchange, 'consumed'>) {
    this.#readable = readable;
    this.#exchange = exchange;
  }

  /** Whether all that came was given on. */
  get delivered(): boolean {
    return this.#pieces === undefined;
  }

  /** Bytes came; they are copied. */
  add(bytes: Uint8Array): void {
    this.received += bytes.length;
    const piece = Buffer.from(bytes);
    if (this.#wanted && this.#pieces === undefined) this.#give(piece);
    else if (this.#pieces === undefined) this.#pieces = [piece];
    else this.#pieces.push(piece);
  }

  /** No bytes will come. */
  end(): void {
    this.#ended = true;
    if (this.#pieces === undefined && !this.#readable.destroyed) this.#readable.push(null);
  }

  /** The readable asks for more. */
  onWanted(): void {
    this.#wanted = true;
    while (this.#wanted && this.#pieces !== undefined) {
      const piece = this.#pieces.shift()!;
      if (this.#pieces.length === 0) this.#pieces = undefined;
      this.#give(piece);
    }
  }

  /** Nobody will ask any more: what waits is forgotten, with its credit given back. */
  drop(): void {
    for (const piece of this.#pieces ?? []) this.#exchange.consumed(piece.length);
    this.#pieces = undefined;
    this.#wanted = false;
    if (this.#ended) this.end();
  }

  /** A readable that got a piece asks again when it wants another one. */
  #give(piece: Buffer): void {
    this.#wanted = false;
    this.#exchange.consumed(piece.length);
    this.#readable.push(piece);
    if (this.#ended && this.#pieces === undefined && !this.#readable.destroyed) this.#readable.push(null);
  }
}
