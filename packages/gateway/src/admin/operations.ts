import type { TokenStore } from '../credentials/token-store.js';
import type { GatewayEvent, SessionStatus, TargetStatus } from '../targets/status.js';
import type { MetricFamily } from './metric-family.js';

/** What a list needs of a map: its keys without its values, which cost much more to make. */
export interface StatusMap<T> {
  keys(): Iterable<string>;
  get(key: string): T | undefined;
}

/** What the admin listener asks of the gateway: all that it can do, the gateway object can do. */
export interface AdminOperations {
  /** Connected targets by id; `get` looks it up without case. */
  readonly targets: StatusMap<TargetStatus>;
  /** Sessions by id. */
  readonly sessions: StatusMap<SessionStatus>;
  /** Ends the sessions of a target, or one; with `forMs` the same is refused until then. How many it ended. */
  kick(who: string | { readonly session: string }, options?: { readonly forMs?: number }): number;
  /** Gives a target no new request, and ends its sessions when those running are done. */
  drain(target: string): Promise<void>;
  /** Whether visitors and connectors are served: false before all listens, and once the gateway drains. */
  isReady(): boolean;
  /** Hears every event from now on; the result stops that. */
  subscribe(listener: (event: GatewayEvent) => void): () => void;
  /** Where tokens are kept in a file. */
  readonly tokens?: TokenStore | undefined;
  /** What was counted; absent where nothing is. */
  readonly metrics?: (() => readonly MetricFamily[]) | undefined;
}
