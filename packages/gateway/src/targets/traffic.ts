import type { Reason } from '@reverse-http/protocol/errors';
import type { TargetPolicy } from '../policy/target-policy.js';
import { bucketOf, type TokenBucket } from '../policy/token-bucket.js';

/** Counts a target's exchanges, and keeps them within the operator's limits. */
export class Traffic {
  /** Requests so far that a connector was found for. */
  requests = 0;
  /** Of them, those that run. */
  running = 0;
  /** Bytes of bodies from and to visitors. */
  bytesIn = 0;
  bytesOut = 0;
  #maxConcurrent = Number.POSITIVE_INFINITY;
  #bucket: TokenBucket | undefined;
  readonly #now: () => number;

  constructor(policy: TargetPolicy, now: () => number) {
    this.#now = now;
    this.limit(policy);
  }

  /** Holds for requests from now on. */
  limit({ maxConcurrent, maxRequestsPerSecond }: TargetPolicy): void {
    this.#maxConcurrent = maxConcurrent;
    this.#bucket = bucketOf(maxRequestsPerSecond, this.#now(), this.#bucket);
  }

  /** A request is about to be given to a connector; a reason when it must not be. */
  begin(): Reason | undefined {
    if (this.running >= this.#maxConcurrent) return 'overloaded';
    if (this.#bucket && !this.#bucket.take(this.#now())) return 'rate-limited';
    this.requests++;
    this.running++;
    return undefined;
  }

  /** One that was begun is over. */
  end(bytesIn: number, bytesOut: number): void {
    this.running--;
    this.bytesIn += bytesIn;
    this.bytesOut += bytesOut;
  }
}
