import type { ByteSource } from '@reverse-http/protocol/mux';
import type { Clock } from '@reverse-http/protocol/session';
import { SpareBlocks } from '../memory/spare-blocks.js';
import type { Visit } from '../visit/visit.js';

/** Settings of a {@link ReadBody}. */
export interface ReadBodyOptions {
  /** A longer body is refused with 413. */
  readonly maxBytes: number;
  /** Time for the whole body, ms; 408 after it. Default: none. */
  readonly deadlineMs?: number;
  /** Time without any byte, ms; 408 after it. Default: none. */
  readonly idleMs?: number;
  /** Asked as bytes come: false gives up, and whoever said so has answered. */
  readonly onProgress?: (bytes: Uint8Array) => boolean;
}

/** Reads a request's body whole; what `onBody` gets is valid during the call. Made by {@link createBodyReader}. */
export type ReadBody = (visit: Visit, options: ReadBodyOptions, onBody: (body: Uint8Array) => void) => void;

/** Of less than this that came of a longer body, a copy is kept: a block is for those who really send. */
const leastBytes = 16 * 1024;

/**
 * Makes a reader of bodies. `onBody` does not come when the visitor leaves or the body is too long. Most bodies are here whole
 * with their head, and cost neither timer nor memory: what they lie in serves again. For others it grows as bytes arrive, never
 * by the visitor's word.
 */
export function createBodyReader(clock: Clock): ReadBody {
  // Up to 6.75 MiB are kept for bodies to come.
  const blocks = new SpareBlocks(64 * 1024, [4, 2, 2, 1]);
  return (visit, options, onBody) => {
    const { body, head } = visit;
    if (!body) return onBody(new Uint8Array(0));
    if (head.contentLength > options.maxBytes) return visit.fail('body-too-large');
    const block = blocks.take(0);
    const length = body.read(block, 0, Math.min(block.length, options.maxBytes));
    if (body.ended) return lend(blocks, block, length, onBody);
    readPieces(visit, body, options, onBody, { block, length, blocks, clock });
  };
}

/** What of a body is here, and what it takes to get the rest. */
interface Begun {
  readonly block: Uint8Array;
  readonly length: number;
  readonly blocks: SpareBlocks;
  readonly clock: Clock;
}

function readPieces(
  visit: Visit,
  source: ByteSource,
  options: ReadBodyOptions,
  onBody: (body: Uint8Array) => void,
  begun: Begun,
): void {
  const { blocks, clock } = begun;
  let { block: bytes, length } = begun;
  const { contentLength } = visit.head;
  const longest = contentLength < 0 ? options.maxBytes + 1 : contentLength;
  let done = false;
  let timer = options.deadlineMs === undefined ? undefined : clock.setTimer(onLate, options.deadlineMs);
  if (length < leastBytes) moveTo(new Uint8Array(length));

  function onLate(): void {
    end();
    visit.fail('request-timeout', { detail: 'The request body did not come in time.' });
  }

  function end(): void {
    if (done) return;
    done = true;
    timer?.cancel();
    blocks.give(bytes);
  }

  function read(): void {
    if (options.idleMs !== undefined) {
      timer?.cancel();
      timer = clock.setTimer(onLate, options.idleMs);
    }
    while (!done) {
      if (length > options.maxBytes) {
        end();
        return visit.fail('body-too-large');
      }
      if (options.onProgress && !options.onProgress(bytes.subarray(0, length))) return end();
      if (source.ended) break;
      if (length === bytes.length) grow();
      const count = source.read(bytes, length, bytes.length);
      if (count === 0) break;
      length += count;
    }
    if (done || !source.ended) return;
    done = true;
    timer?.cancel();
    lend(blocks, bytes, length, onBody);
  }

  function grow(): void {
    const wanted = Math.min(Math.max(bytes.length * 4, leastBytes), longest);
    moveTo(wanted < blocks.smallest ? new Uint8Array(wanted) : blocks.take(wanted));
  }

  function moveTo(other: Uint8Array): void {
    other.set(bytes.subarray(0, length));
    blocks.give(bytes);
    bytes = other;
  }

  visit.handler = {
    onBodyReadable: read,
    onAborted: end,
  };
  read();
}

/** Gives the block back after the call. */
function lend(blocks: SpareBlocks, block: Uint8Array, length: number, use: (bytes: Uint8Array) => void): void {
  try {
    use(block.subarray(0, length));
  } finally {
    blocks.give(block);
  }
}
