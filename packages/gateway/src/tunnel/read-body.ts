import type { Visit } from '../visit/visit.js';

/** Settings of {@link readBody}. */
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

/**
 * Reads a request's body whole. The buffer grows as bytes arrive, never by the visitor's word; `onBody` is not called
 * when the visitor leaves or the body is too long.
 */
export function readBody(visit: Visit, options: ReadBodyOptions, onBody: (body: Uint8Array) => void): void {
  const { body, head } = visit;
  if (!body) return onBody(new Uint8Array(0));
  if (head.contentLength > options.maxBytes) return visit.fail('body-too-large');
  const source = body;
  let bytes = new Uint8Array(Math.min(Math.max(head.contentLength, 0) + 1, 16 * 1024));
  let length = 0;
  let done = false;
  let timer = options.deadlineMs === undefined ? undefined : setTimeout(onLate, options.deadlineMs).unref();

  function onLate(): void {
    end();
    visit.fail('request-timeout', { detail: 'The request body did not come in time.' });
  }

  function end(): void {
    done = true;
    clearTimeout(timer);
  }

  function read(): void {
    if (options.idleMs !== undefined) {
      clearTimeout(timer);
      timer = setTimeout(onLate, options.idleMs).unref();
    }
    while (!done) {
      if (length === bytes.length) grow();
      const count = source.read(bytes, length, bytes.length);
      length += count;
      if (count === 0) break;
      if (length > options.maxBytes) {
        end();
        return visit.fail('body-too-large');
      }
      if (options.onProgress && !options.onProgress(bytes.subarray(0, length))) {
        end();
        return;
      }
    }
    if (done || !source.ended) return;
    end();
    onBody(bytes.subarray(0, length));
  }

  function grow(): void {
    const grown = new Uint8Array(Math.min(bytes.length * 4, options.maxBytes + 1));
    grown.set(bytes);
    bytes = grown;
  }

  visit.handler = {
    onBodyReadable: read,
    onAborted: end,
  };
  read();
}
