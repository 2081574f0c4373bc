import type { MuxStream, StreamHandler } from '@reverse-http/protocol/mux';

/** Takes the exchanges of a link, whatever kind of handler answers them. Never throws. */
export interface StreamAcceptor {
  /** A new exchange. */
  accept(stream: MuxStream): StreamHandler;
  /** Exchanges that still run. */
  readonly active: number;
  /** Called when {@link active} has become 0. */
  onIdle: (() => void) | undefined;
}
