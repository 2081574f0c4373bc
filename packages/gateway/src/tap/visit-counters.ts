import { type Reason, reasons } from '@reverse-http/protocol/errors';
import type { Tap } from './tap.js';

/** Class of an answer's status; `none`: the visitor left before an answer began. */
export type CodeClass = 'none' | '1xx' | '2xx' | '3xx' | '4xx' | '5xx';

/** What was counted up to a moment. */
export interface VisitCounts {
  /** Visits that are over; only what occurred is listed. `reason` undefined: the answer was the server's, and whole. */
  readonly requests: readonly {
    readonly codeClass: CodeClass;
    readonly reason: Reason | undefined;
    readonly count: number;
  }[];
  /** How long they took, from head to end. */
  readonly durations: {
    /** Up to how many seconds, and how many visits took no longer; the last bound is `Infinity`. */
    readonly buckets: readonly { readonly seconds: number; readonly count: number }[];
    readonly sumSeconds: number;
    readonly count: number;
  };
  /** Bytes of bodies, and of upgraded streams, from and to visitors. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** A tap that counts, and what it counted. */
export interface VisitCounters extends Tap {
  read(): VisitCounts;
}

const codeClasses: readonly CodeClass[] = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'];
const names: readonly (Reason | undefined)[] = [undefined, ...(Object.keys(reasons) as Reason[])];
/** From what a connector on the same machine takes to what a long poll of an application does. */
const boundsMs: readonly number[] = [
  0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000,
];

/**
 * Counts visits for the whole gateway. Not for each target: their number has no bound, and every label makes a series.
 * A visit costs a few additions in arrays that are there from the start, and no allocation.
 */
export function createVisitCounters(): VisitCounters {
  const requests = new Float64Array(codeClasses.length * names.length);
  const inBucket = new Float64Array(boundsMs.length + 1);
  const indexOf = new Map(names.map((name, index) => [name, index]));
  let sumMs = 0;
  let bytesIn = 0;
  let bytesOut = 0;

  return {
    onEnd(_visit, _target, outcome, durationMs) {
      const codeClass = Math.min(Math.trunc(outcome.status / 100), codeClasses.length - 1);
      requests[codeClass * names.length + indexOf.get(outcome.reason)!]!++;
      let bucket = 0;
      while (bucket < boundsMs.length && durationMs > boundsMs[bucket]!) bucket++;
      inBucket[bucket]!++;
      sumMs += durationMs;
      bytesIn += outcome.bytesIn;
      bytesOut += outcome.bytesOut;
    },
    read() {
      let count = 0;
      const buckets = Array.from(inBucket, (more, i) => {
        count += more;
        return { seconds: (boundsMs[i] ?? Number.POSITIVE_INFINITY) / 1000, count };
      });
      return {
        requests: Array.from(requests, (times, i) => ({
          codeClass: codeClasses[Math.trunc(i / names.length)]!,
          reason: names[i % names.length],
          count: times,
        })).filter((each) => each.count > 0),
        durations: { buckets, sumSeconds: sumMs / 1000, count },
        bytesIn,
        bytesOut,
      };
    },
  };
}
