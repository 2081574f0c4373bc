import { latin1Bytes } from '@reverse-http/protocol/http1';
import type { Clock } from '@reverse-http/protocol/session';
import type { Output } from './output.js';

const processing: Uint8Array = latin1Bytes('HTTP/1.1 102 Processing\r\n\r\n');

/**
 * When probes are sent, ms after each other: the reset that answers one is noticed when the next is written, and clients
 * bear a few interim heads only.
 */
const delays: readonly number[] = [0, 60, 1000];

/**
 * Finds out whether a visitor that closed its side is gone, or only done with asking: whoever is gone answers what it is
 * sent with a reset. Stops when `isWaiting` says that an answer is out.
 */
export function probeVisitor(output: Output, clock: Clock, isWaiting: () => boolean, count = 0): void {
  if (!isWaiting()) return;
  output.write(processing);
  output.flush();
  const delay = delays[count + 1];
  if (delay !== undefined) clock.setTimer(() => probeVisitor(output, clock, isWaiting, count + 1), delay);
}
