import { resetCodeOf } from '@reverse-http/protocol/errors';
import type { MuxStream, StreamHandler } from '@reverse-http/protocol/mux';
import type { StreamAcceptor } from './stream-acceptor.js';

const deaf: StreamHandler = { onHead() {}, onData() {}, onEnd() {}, onReset() {} };

/**
 * Gives an exchange to the acceptor, unless `max` are running: then it is refused, which promises the gateway that no
 * handler was called.
 */
export function acceptWithin(max: number, acceptor: StreamAcceptor, stream: MuxStream): StreamHandler {
  if (acceptor.active < max) return acceptor.accept(stream);
  stream.reset(resetCodeOf('overloaded'), 'maxConcurrent of the connector');
  return deaf;
}
