import type { ByteSource } from '@reverse-http/protocol/mux';
import { Slab } from '@reverse-http/protocol/pipe';
import type { Clock } from '@reverse-http/protocol/session';
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

/** Reads a request's body whole; made by {@link createBodyReader}. */
export type ReadBody = (visit: Visit, options: ReadBodyOptions, onBody: (body: Uint8Array) => void) => void;

/** Most bodies are here whole when they are asked for, and are no longer than this. */
const wholeBytes = 64 * 1024;
const blockBytes = 128 * 1024;
/** Nobody refers to parts of shorter bodies once the call is over: what is to be kept of so little is copied. */
const keptBytes = 1024;

/**
 * Makes a reader of bodies. `onBody` does not come when the visitor leaves or the body is too long. What it gets does not
 * change afterwards, but for bodies of up to 1 KiB: visitors' sockets refer to what they have not taken yet. Most are here
 * whole with their head: they are carved from blocks that all share, and the short ones, polls that bring nothing, cost no
 * memory at all. For others a buffer grows as bytes arrive, never by the visitor's word.
 */
export function createBodyReader(clock: Clock): ReadBody {
  const slab = new Slab(blockBytes, (size) => Buffer.allocUnsafeSlow(size));
  return (visit, options, onBody) => {
    const { body, head } = visit;
    if (!body) return onBody(new Uint8Array(0));
    if (head.contentLength > options.maxBytes) return visit.fail('body-too-large');
    slab.reserve(wholeBytes);
    const { bytes: block, at: start } = slab;
    const end = start + body.read(block, start, start + Math.min(wholeBytes, options.maxBytes));
    const bytes = block.subarray(start, end);
    if (!body.ended) return readPieces(visit, body, new Uint8Array(bytes), options, onBody, clock);
    // Claimed before anybody hears of it, who may have another body read.
    slab.at = end;
    onBody(bytes);
    if (bytes.length <= keptBytes && slab.bytes === block && slab.at === end) slab.at = start;
  };
}

function readPieces(
  visit: Visit,
  source: ByteSource,
  start: Uint8Array,
  options: ReadBodyOptions,
  onBody: (body: Uint8Array) => void,
  clock: Clock,
): void {
  let bytes = start;
  let length = start.length;
  const { contentLength } = visit.head;
  const longest = contentLength < 0 ? options.maxBytes + 1 : contentLength;
  let done = false;
  let timer = options.deadlineMs === undefined ? undefined : clock.setTimer(onLate, options.deadlineMs);

  function onLate(): void {
    end();
    visit.fail('request-timeout', { detail: 'The request body did not come in time.' });
  }

  function end(): void {
    done = true;
    timer?.cancel();
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
    end();
    onBody(bytes.subarray(0, length));
  }

  function grow(): void {
    const grown = Buffer.allocUnsafeSlow(Math.min(Math.max(bytes.length * 4, 16 * 1024), longest));
    grown.set(bytes);
    bytes = grown;
  }

  visit.handler = {
    onBodyReadable: read,
    onAborted: end,
  };
  read();
}
