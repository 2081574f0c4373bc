import type { ClientConnection } from '../client/client-connection.js';

/** Bytes of a request that are kept to be sent once more, beside its head. */
const maxKeptBytes: number = 64 * 1024;

/** What of a request was, or waits to be, written to the origin. */
export class SentRequest {
  /** Whether it may be sent twice (RFC 9110, section 9.2.2). */
  readonly idempotent: boolean;
  readonly #head: Uint8Array;
  #body: Uint8Array[] | undefined;
  #kept = 0;

  constructor(head: Uint8Array, idempotent: boolean) {
    this.#head = head;
    this.idempotent = idempotent;
  }

  /** Keeps a piece; false when that is more than is kept, unless it has not been written yet. */
  add(piece: Uint8Array): boolean {
    this.#kept += piece.length;
    if (this.#body) this.#body.push(piece);
    else this.#body = [piece];
    return this.#kept <= maxKeptBytes;
  }

  /** Writes all of it; false when the connection asks to wait. */
  writeTo(connection: ClientConnection): boolean {
    let ready = connection.write(this.#head);
    for (const piece of this.#body ?? []) ready = connection.write(piece);
    return ready;
  }
}
