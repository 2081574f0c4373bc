import { copyOf } from './copy-of.js';

/** So much of a body that nobody wants is taken all the same, so that short ones end well. */
const discardedBytes = 64 * 1024;

/** The exchange that a body belongs to. */
export interface IncomingBodyOwner {
  /** Bytes are out of the house: the visitor may send as many again. */
  consumed(bytes: number): void;
  /** The handler asks for the body for the first time. */
  onWanted(): void;
  /** The rest is not wanted. */
  stopReading(): void;
}

type Reading =
  /** The handler has not asked yet. */
  | { readonly state: 'untouched' }
  /** As a stream; `wanted`: its reader waits. */
  | { readonly state: 'stream'; readonly controller: ReadableStreamDefaultController<Uint8Array>; wanted: boolean }
  /** As a whole. */
  | {
      readonly state: 'whole';
      readonly resolve: (bytes: Uint8Array) => void;
      readonly reject: (error: unknown) => void;
    }
  /** Passed over: so many bytes more, then it is refused. */
  | { readonly state: 'discard'; left: number };

/**
 * What comes of a request's body, or of an upgraded stream: given out as it is asked for, as a stream or as a whole.
 * Credit goes back with each piece that is given out, so that at most a window of the stream waits here.
 */
export class IncomingBody {
  readonly #owner: IncomingBodyOwner;
  #reading: Reading = { state: 'untouched' };
  /** What came and was not given out. */
  #pieces: Uint8Array[] = [];
  #end: { readonly error?: unknown } | undefined;
  #stream: ReadableStream<Uint8Array> | undefined;
  #touched = false;

  constructor(owner: IncomingBodyOwner) {
    this.#owner = owner;
  }

  /** Whether the handler has asked for any of it. */
  get touched(): boolean {
    return this.#touched;
  }

  /** Whether {@link stream} was called. */
  get streaming(): boolean {
    return this.#stream !== undefined;
  }

  /** Bytes came; they are copied. */
  add(bytes: Uint8Array): void {
    const reading = this.#reading;
    if (reading.state === 'discard') return this.#discard(reading, bytes.length);
    this.#pieces.push(copyOf(bytes));
    if (reading.state === 'whole') this.#owner.consumed(bytes.length);
    else if (reading.state === 'stream' && reading.wanted) this.#give(reading);
  }

  /** No bytes will come. */
  end(): void {
    if (this.#end) return;
    this.#end = {};
    const reading = this.#reading;
    if (reading.state === 'whole') reading.resolve(joined(this.#pieces));
    else if (reading.state === 'stream' && this.#pieces.length === 0) reading.controller.close();
  }

  /** The exchange broke off: whoever reads hears of it. */
  fail(error: unknown): void {
    if (this.#end) return;
    this.#end = { error };
    this.#pieces = [];
    const reading = this.#reading;
    if (reading.state === 'whole') reading.reject(error);
    else if (reading.state === 'stream') reading.controller.error(error);
  }

  /** All of it at once, however much that is. Call once, and not beside {@link stream}. */
  whole(): Promise<Uint8Array> {
    this.#touch();
    if (this.#end) return 'error' in this.#end ? Promise.reject(this.#end.error) : Promise.resolve(this.#takeWhole());
    for (const piece of this.#pieces) this.#owner.consumed(piece.length);
    return new Promise((resolve, reject) => {
      this.#reading = { state: 'whole', resolve, reject };
    });
  }

  /** Piece by piece, each when the reader asks for it. */
  stream(): ReadableStream<Uint8Array> {
    this.#stream ??= new ReadableStream<Uint8Array>(
      {
        start: (controller) => this.#startStream(controller),
        pull: () => this.#onPull(),
        cancel: () => this.discard(),
      },
      { highWaterMark: 0 },
    );
    return this.#stream;
  }

  /** Nobody will ask for the rest. */
  discard(): void {
    this.#touched = true;
    if (this.#end) return;
    const error = new TypeError(
      'The body was passed over: reading was cancelled, or the answer complete before it began.',
    );
    this.#end = { error };
    if (this.#reading.state === 'stream') this.#reading.controller.error(error);
    const reading: Reading = { state: 'discard', left: discardedBytes };
    this.#reading = reading;
    const waiting = this.#pieces;
    this.#pieces = [];
    for (const piece of waiting) this.#discard(reading, piece.length);
  }

  #touch(): void {
    if (this.#touched) return;
    this.#touched = true;
    if (!this.#end) this.#owner.onWanted();
  }

  #takeWhole(): Uint8Array {
    const pieces = this.#pieces;
    this.#pieces = [];
    return joined(pieces);
  }

  #startStream(controller: ReadableStreamDefaultController<Uint8Array>): void {
    if (this.#end && 'error' in this.#end) return controller.error(this.#end.error);
    if (this.#end && this.#pieces.length === 0) return controller.close();
    this.#reading = { state: 'stream', controller, wanted: false };
  }

  #onPull(): void {
    this.#touch();
    if (this.#reading.state !== 'stream') return;
    this.#reading.wanted = true;
    if (this.#pieces.length > 0) this.#give(this.#reading);
  }

  #give(reading: Reading & { state: 'stream' }): void {
    reading.wanted = false;
    const piece = this.#pieces.shift()!;
    this.#owner.consumed(piece.length);
    reading.controller.enqueue(piece);
    if (this.#end && this.#pieces.length === 0) reading.controller.close();
  }

  #discard(reading: Reading & { state: 'discard' }, bytes: number): void {
    reading.left -= bytes;
    if (reading.left >= 0) this.#owner.consumed(bytes);
    else this.#owner.stopReading();
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
