import { encodeText } from './body-pump.js';
import { copyOf } from './copy-of.js';
import type { UpgradedStream } from './fetch-handler.js';
import { refused } from './field-lines.js';
import type { IncomingBody } from './incoming-body.js';
import { OutgoingBody } from './outgoing-body.js';

/** The exchange that was upgraded. */
export interface UpgradedStreamOwner {
  /** Bytes, or the end, were added to what goes out. */
  wake(): void;
  /** The handler's side ended, and all of it was taken. */
  onAnswered(): void;
  /** The handler gave up. */
  onWritableAborted(reason: unknown): void;
}

/** Both directions of an upgraded exchange, as streams for its handler. */
export interface UpgradedBytes {
  readonly stream: UpgradedStream;
  /** To be sent. */
  readonly outgoing: OutgoingBody;
  /** The exchange broke off. */
  fail(error: unknown): void;
}

/** Joins the two directions. */
export function createUpgradedStream(incoming: IncomingBody, owner: UpgradedStreamOwner): UpgradedBytes {
  let controller: WritableStreamDefaultController | undefined;
  let onRoom: (() => void) | undefined;
  const outgoing = new OutgoingBody({
    onRoom: () => onRoom?.(),
    onAllTaken: () => owner.onAnswered(),
  });
  const writable = new WritableStream<Uint8Array | string>({
    start(given) {
      controller = given;
    },
    write(chunk) {
      // Copied: the writer may use it again once the write is through.
      outgoing.push(ownBytes(chunk));
      owner.wake();
      if (!outgoing.full) return undefined;
      return new Promise<void>((resolve) => {
        onRoom = resolve;
      });
    },
    close() {
      outgoing.end();
      owner.wake();
    },
    abort: (reason) => owner.onWritableAborted(reason),
  });
  return {
    stream: { readable: incoming.stream(), writable },
    outgoing,
    fail(error) {
      controller?.error(error);
      onRoom?.();
      outgoing.drop();
    },
  };
}

function ownBytes(chunk: unknown): Uint8Array {
  if (typeof chunk === 'string') return encodeText(chunk);
  if (chunk instanceof Uint8Array) return copyOf(chunk);
  throw refused(`a piece written after an upgrade is ${typeof chunk}, not bytes`);
}
