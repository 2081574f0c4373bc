import type { MuxOptions, WindowPool } from '../mux/index.js';
import type { ByteBudget, Slab } from '../pipe/index.js';
import type { Clock } from './clock.js';
import type { Goodbye } from './control-message.js';
import type { Transport } from './transport.js';

/** Where a session stands. */
export type SessionState =
  /**
   * A transport carries it. The peer is `unheard` by it at first, on the side that dialled; then `heard`: a round trip
   * worked; `suspect` while it is overdue, so that a new request had better go elsewhere.
   */
  | { readonly state: 'attached'; readonly transport: Transport; readonly peer: 'unheard' | 'heard' | 'suspect' }
  | { readonly state: 'detached'; readonly since: number }
  | { readonly state: 'closed'; readonly reason: Goodbye };

/** Settings of a {@link Session}. */
export interface SessionOptions {
  /** `nodeId.random`, given by the gateway. */
  readonly id: string;
  /** Whether this side opens streams (the gateway does). */
  readonly opener: boolean;
  /** Whether this side dials: it has to send something at once on every transport. Default true. */
  readonly dials?: boolean;
  readonly clock: Clock;
  /** Calls `fn` soon, once for a batch: after the present turn of the event loop. */
  readonly defer: (fn: () => void) => void;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Where messages are written; shared by the sessions of a process. */
  readonly slab: Slab;
  /** Silence before a sign of life is asked for, ms. */
  readonly keepAliveMs: number;
  /** How long a session outlives its last transport, ms. */
  readonly resumeMs: number;
  /** Exchanges at a time. Default 1,024. */
  readonly maxStreams?: number;
  /** Exchanges of the whole process, one each. Default no bound. */
  readonly streamPool?: WindowPool;
  /** What receive windows grow from. Default 32 MiB for this session; give it a parent to bound the process too. */
  readonly windows?: WindowPool;
  /** Out-of-order bytes held at most (and 256 KiB of control), as announced in hello or welcome. Default 16 MiB. */
  readonly maxUnackedBytes?: number;
  /** What the peer's hello or welcome announced so. Default 16 MiB. */
  readonly peerMaxUnackedBytes?: number;
  /** Asked before anything is held out of order; a pool for the process. Default no bound but {@link maxUnackedBytes}. */
  readonly reorderBudget?: ByteBudget;
  readonly onStream?: MuxOptions['onStream'];
  /** The peer wants no new streams. */
  readonly onGoAway?: () => void;
  /** The last exchange that was running has ended. */
  readonly onIdle?: () => void;
  readonly onStateChanged?: (state: SessionState) => void;
}
