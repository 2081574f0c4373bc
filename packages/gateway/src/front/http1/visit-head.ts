import { Head } from '@reverse-http/protocol/http1';

/** A scanned head with room for its bytes, used again from visit to visit. */
export class VisitHead extends Head {
  #storage: Uint8Array = new Uint8Array(1024);

  /** Copies the bytes that were scanned (from position 0 on), for who read them will write over them. */
  keep(): void {
    const { bytes, end } = this;
    if (end > this.#storage.length) this.#storage = new Uint8Array(end * 2);
    this.#storage.set(bytes.subarray(0, end));
    this.bytes = this.#storage;
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
