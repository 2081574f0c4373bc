import type { Transport } from '../session/index.js';

/** Both ends of a transport that was just opened: the hello is done, and nothing else was said. */
export interface TransportPair {
  readonly gateway: Transport;
  readonly connector: Transport;
  /** Breaks the way between them; both find out, soon. */
  cut(): void;
  /** Frees what the pair needed, after both ends were closed. */
  dispose?(): void | Promise<void>;
}
