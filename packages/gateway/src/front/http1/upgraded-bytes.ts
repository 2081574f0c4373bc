import type { ByteSource } from '@reverse-http/protocol/mux';
import type { RequestBytes } from './request-bytes.js';

/**
 * What a visitor sends after a 101, or into the tunnel that a CONNECT was granted: nothing before, and an end at once where
 * the answer is an ordinary one.
 */
export class UpgradedBytes implements ByteSource {
  readonly trailers: undefined;
  readonly #bytes: RequestBytes;
  #state: 'asked' | 'open' | 'half-closed' | 'refused' = 'asked';

  constructor(bytes: RequestBytes) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.#state === 'refused' || (this.#state === 'half-closed' && this.#bytes.input.size === 0);
  }

  read(into: Uint8Array, at: number, end: number): number {
    return this.#state === 'open' || this.#state === 'half-closed' ? this.#bytes.copy(into, at, end) : 0;
  }

  /** The upgrade is granted. `ended`: the visitor sends nothing beyond what is there. */
  open(ended: boolean): void {
    this.#state = ended ? 'half-closed' : 'open';
  }

  /** The answer is an ordinary one: what follows is another request. */
  refuse(): void {
    this.#state = 'refused';
  }

  /** The visitor sends nothing more. */
  close(): void {
    this.#state = 'half-closed';
  }
}
