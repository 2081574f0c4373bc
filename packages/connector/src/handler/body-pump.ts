import { refused } from './field-lines.js';
import type { OutgoingBody } from './outgoing-body.js';

/** Where a body is read from, piece by piece: a reader of a stream is one. */
export interface PieceSource {
  read(): Promise<{ readonly done?: boolean | undefined; readonly value?: unknown }>;
  cancel(reason: unknown): unknown;
}

/** Who hears what became of it. */
export interface BodyPumpOwner {
  /** Bytes were added to the body. */
  onPumped(): void;
  /** The source ended well. */
  onSourceEnded(): void;
  /** It failed, or gave what is no piece of a body, or more than announced. */
  onSourceFailed(error: unknown): void;
}

const encoder = new TextEncoder();

/** Reads a source no faster than its bytes are taken: so much as an {@link OutgoingBody} holds is read ahead. */
export class BodyPump {
  /** Bytes that came. */
  bytes = 0;
  readonly #source: PieceSource;
  readonly #into: OutgoingBody;
  readonly #owner: BodyPumpOwner;
  readonly #maxBytes: number;
  #state: 'reading' | 'waiting' | 'over' = 'waiting';
  readonly #onResult = ({ done, value }: { readonly done?: boolean | undefined; readonly value?: unknown }): void => {
    if (this.#state === 'over') return;
    if (!done) return this.#add(value);
    this.#state = 'over';
    this.#owner.onSourceEnded();
  };
  readonly #onError = (error: unknown): void => this.#fail(error);

  /** @param maxBytes The `Content-Length` announced; Infinity where there is none. */
  constructor(source: PieceSource, into: OutgoingBody, owner: BodyPumpOwner, maxBytes: number) {
    this.#source = source;
    this.#into = into;
    this.#owner = owner;
    this.#maxBytes = maxBytes;
  }

  /** There is room: goes on if it waited. */
  resume(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'reading';
    this.#next();
  }

  /** Nothing more is wanted; the source hears why. */
  cancel(reason: unknown): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    cancelSource(this.#source, reason);
  }

  #next(): void {
    try {
      this.#source.read().then(this.#onResult, this.#onError);
    } catch (error) {
      this.#fail(error);
    }
  }

  #add(value: unknown): void {
    const piece = bytesOf(value);
    if (!piece) return this.#refuse(`a piece of the body is neither bytes nor text, but ${typeof value}`);
    this.bytes += piece.length;
    if (this.bytes > this.#maxBytes) return this.#refuse('the body is longer than its Content-Length');
    this.#into.push(piece);
    this.#owner.onPumped();
    if (this.#into.full) this.#state = 'waiting';
    else this.#next();
  }

  #refuse(detail: string): void {
    const error = refused(detail);
    this.cancel(error);
    this.#owner.onSourceFailed(error);
  }

  #fail(error: unknown): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#owner.onSourceFailed(error);
  }
}

/** Tells a source that nobody reads it, whatever it makes of that. */
export function cancelSource(source: PieceSource, reason: unknown): void {
  new Promise((resolve) => resolve(source.cancel(reason))).catch(() => {});
}

/** Text as UTF-8. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return encodeText(value);
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined;
}
