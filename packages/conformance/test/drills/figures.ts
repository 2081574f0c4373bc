import { type Figures, must } from './drill.js';
import type { Outcome } from './load.js';

/** Numbers in [0, 1) that a seed repeats (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The value below which a share of all lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** A number as people read it: three digits that count. */
export function round(value: number): number {
  return Number(value.toPrecision(3));
}

export function latencies(outcomes: readonly Outcome[]): number[] {
  return outcomes.filter(({ end }) => end === 'good').map(({ from, to }) => to - from);
}

/** How many there are of each end that is not good, as `problem 502 connector-lost unknown: 3`. */
function failures(outcomes: readonly Outcome[]): Figures {
  const counts: Record<string, number> = {};
  for (const { end, status, reason, delivered } of outcomes) {
    if (end === 'good') continue;
    const name = [end, status || '', reason, delivered].filter((word) => word !== '').join(' ');
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** What holds of any load, and its figures: each request got an end that can be told, and no other bytes than its own. */
export function summarize(outcomes: readonly Outcome[]): Figures {
  for (const end of ['wrong', 'silent']) must(!outcomes.some((outcome) => outcome.end === end), `no ${end} answer`);
  const times = latencies(outcomes);
  return {
    requests: outcomes.length,
    good: times.length,
    ...failures(outcomes),
    'p50 ms': round(percentile(times, 0.5)),
    'p99 ms': round(percentile(times, 0.99)),
    'longest ms': round(Math.max(0, ...times)),
  };
}
