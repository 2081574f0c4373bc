import type { Slab } from '@reverse-http/protocol/pipe';
import type { Clock } from '@reverse-http/protocol/session';

/** What a link needs of the machine it runs on: given from outside, so that tests need no sleeps. */
export interface Runtime {
  readonly clock: Clock;
  /** Milliseconds since 1970, for people. */
  epochMs(): number;
  /** A number in [0, 1). */
  random(): number;
  /** `bytes` unguessable bytes in hex. */
  randomHex(bytes: number): string;
  /** Calls `fn` once the events at hand were handled: what they wrote leaves in one message. */
  defer(fn: () => void): void;
  /** Where messages are written, and nothing else. */
  readonly slab: Slab;
  /** Name and version of the software, told to the gateway. */
  readonly agent: string;
}
