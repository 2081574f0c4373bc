import type { Clock } from '../session/index.js';
import type { TransportPair } from './transport-pair.js';

/** What the cases need of a runtime and of the transport under test. */
export interface TransportSuiteOptions {
  /** Opens a transport and gives both ends; called several times in a case, for sessions move. */
  readonly createPair: () => TransportPair | Promise<TransportPair>;
  /** Real time; nothing waits for it but failures, and what transports wait for by themselves. */
  readonly clock: Clock;
  /** Calls `fn` after the present turn of the event loop, as `setImmediate` does. */
  readonly defer: (fn: () => void) => void;
}
