import type { ByteSource } from '@reverse-http/protocol/mux';
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

const sharedBytes = 64 * 1024;

/**
 * Makes a reader of bodies. A body is valid only during the call of `onBody`, which does not come when the visitor leaves or
 * the body is too long. Most are here whole with their head: they are read into one buffer, and cost no memory of their own;
 * for others a buffer grows as bytes arrive, never by the visitor's word.
 */
export function createBodyReader(clock: Clock): ReadBody {
  const shared = new Uint8Array(sharedBytes);
  let isFree = true;
  return (visit, options, onBody) => {
    const { body, head } = visit;
    if (!body) return onBody(new Uint8Array(0));
    if (head.contentLength > options.maxBytes) return visit.fail('body-too-large');
    if (!isFree) return readPieces(visit, body, new Uint8Array(0), options, onBody, clock);
    isFree = false;
    try {
      const length = body.read(shared, 0, Math.min(shared.length, options.maxBytes));
      const bytes = shared.subarray(0, length);
      if (body.ended) onBody(bytes);
      else readPieces(visit, body, new Uint8Array(bytes), options, onBody, clock);
    } finally {
      isFree = true;
    }
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
    const grown = new Uint8Array(Math.min(Math.max(bytes.length * 4, 16 * 1024), options.maxBytes + 1));
    grown.set(bytes);
    bytes = grown;
  }

  visit.handler = {
    onBodyReadable: read,
    onAborted: end,
  };
  read();
}
