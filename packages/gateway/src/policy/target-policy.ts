/** What holds for the visitors and connectors of one target: the operator's word, with every default filled in. */
export interface TargetPolicy {
  /** How long a request waits while the target is known and away, ms; 0: not at all. */
  readonly holdMs: number;
  /** How long the answer's head may take once the connector has the request, ms; 0: for ever. Stands still while the link is down. */
  readonly firstByteMs: number;
  /** How long neither side may move a byte of an exchange, ms; 0: for ever. */
  readonly idleMs: number;
  /** How long an exchange may take in all, ms; 0: for ever. */
  readonly totalMs: number;
  /** Exchanges that run at a time; `Infinity`: as many as come. */
  readonly maxConcurrent: number;
  /** Requests begun a second, in bursts of as many; `Infinity`: as many as come. */
  readonly maxRequestsPerSecond: number;
  /** Whether connectors share the target, or the one that answers keeps it. */
  readonly replicas: 'share' | 'exclusive';
  /** Whether a visitor stays with one replica, by a cookie. */
  readonly affinity: 'none' | 'cookie';
  /** Which requests may be tried again after they were sent: `idempotent` ones of which nothing was consumed. */
  readonly retry: 'off' | 'idempotent';
}

/** The deadlines among it. */
export type DeadlinePolicy = Pick<TargetPolicy, 'holdMs' | 'firstByteMs' | 'idleMs' | 'totalMs'>;

/** Gives the policy of a target, by its id. */
export type TargetPolicies = (target: string) => TargetPolicy;

/** What holds where the operator says nothing. */
export const defaultTargetPolicy: TargetPolicy = {
  holdMs: 5000,
  firstByteMs: 60_000,
  idleMs: 0,
  totalMs: 0,
  maxConcurrent: Number.POSITIVE_INFINITY,
  maxRequestsPerSecond: Number.POSITIVE_INFINITY,
  replicas: 'share',
  affinity: 'none',
  retry: 'off',
};
