import { Head } from '@reverse-http/protocol/http1';

/** Room for the first head is a multiple of this: that of a poll is kept for as long as the poll waits. */
const step = 256;

/** A scanned head with room for its bytes, used again from visit to visit. */
export class VisitHead extends Head {
  #storage: Uint8Array | undefined;

  /** Copies the bytes that were scanned (from position 0 on), for who read them will write over them. */
  keep(): void {
    const { bytes, end } = this;
    let storage = this.#storage;
    if (!storage) storage = new Uint8Array(Math.ceil(end / step) * step);
    else if (end > storage.length) storage = new Uint8Array(end * 2);
    storage.set(bytes.subarray(0, end));
    this.bytes = this.#storage = storage;
  }

  /** Makes it the head of a request that was not understood: nothing of it is known. */
  clear(): void {
    this.count = 0;
    this.minorVersion = 1;
    this.methodStart = this.methodEnd = this.pathStart = this.pathEnd = 0;
    this.contentLength = this.hostIndex = -1;
    this.expectContinue = false;
  }
}
