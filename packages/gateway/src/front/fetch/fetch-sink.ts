import type { ByteSink } from '@reverse-http/protocol/mux';

/** What waits to be read before the connector is slowed down, bytes. */
const highWaterMark = 64 * 1024;

/** Takes an answer's body and gives it as a stream. */
export class FetchSink implements ByteSink {
  onDrain: (() => void) | undefined;
  /** Bytes of body written. */
  written = 0;
  readonly stream: ReadableStream<Uint8Array>;
  readonly #onEnd: () => void;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #full = false;
  #over = false;

  /** @param onCancelled Nobody reads the rest. */
  constructor(onEnd: () => void, onCancelled: () => void) {
    this.#onEnd = onEnd;
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          if (!this.#full) return;
          this.#full = false;
          this.onDrain?.();
        },
        cancel: () => {
          this.#over = true;
          onCancelled();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark }),
    );
  }

  write(bytes: Uint8Array): boolean {
    if (this.#over) return true;
    this.written += bytes.length;
    if (bytes.length > 0) this.#controller.enqueue(new Uint8Array(bytes));
    this.#full = (this.#controller.desiredSize ?? 0) <= 0;
    return !this.#full;
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller.close();
    this.#onEnd();
  }

  /** The rest will never come. */
  fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller.error(error);
  }
}
