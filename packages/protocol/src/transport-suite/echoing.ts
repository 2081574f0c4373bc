import type { MuxStream, StreamHandler } from '../mux/index.js';

/** The accepting end of an exchange: says what it hears, no faster than it is heard. */
export class Echoing implements StreamHandler {
  readonly stream: MuxStream;
  readonly trailers = undefined;
  readonly #pieces: Uint8Array[] = [];
  #over = false;

  constructor(stream: MuxStream) {
    this.stream = stream;
  }

  get ended(): boolean {
    return this.#over && this.#pieces.length === 0;
  }

  read(into: Uint8Array, at: number, end: number): number {
    const piece = this.#pieces[0];
    if (!piece) return 0;
    const part = piece.subarray(0, end - at);
    into.set(part, at);
    if (part.length === piece.length) this.#pieces.shift();
    else this.#pieces[0] = piece.subarray(part.length);
    this.stream.consumed(part.length);
    return part.length;
  }

  onHead(bytes: Uint8Array, _interim: boolean, ended: boolean): void {
    this.stream.sendHead(new Uint8Array(bytes), ended);
    if (!ended) this.stream.sendBody(this);
  }

  onData(bytes: Uint8Array): void {
    this.#pieces.push(new Uint8Array(bytes));
    this.stream.wake();
  }

  onEnd(): void {
    this.#over = true;
    this.stream.wake();
  }

  onReset(): void {}
}
