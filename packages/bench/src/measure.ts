import { BenchError } from './bench-error.js';
import { probe } from './load/probe.js';
import { runWrk, type WrkResult } from './load/wrk.js';
import { cpuTimeUs } from './process/cpu-time.js';
import type { RunningSubject, SubjectName } from './subjects.js';

/** One subject under load once. */
export interface Measurement {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly errors: WrkResult['errors'];
  /** Microseconds a request, user and system time of all threads, by the role of the processes. */
  readonly cpuUs: Readonly<Record<string, number>>;
}

/** A subject that runs and answers, ready to be measured. */
export interface Candidate {
  readonly name: SubjectName;
  readonly url: URL;
  readonly head: string;
  readonly processes: ReturnType<RunningSubject['processes']>;
}

/** How to load it. */
export interface LoadOptions {
  /** wrk's full path. */
  readonly program: string;
  readonly visitors: number;
  readonly seconds: number;
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Loads one subject and reads the CPU time of its processes before and after. */
export async function measure(candidate: Candidate, load: LoadOptions): Promise<Measurement> {
  const { name, url, head, processes } = candidate;
  const before = cpuTimes(processes);
  const { requests, seconds, p50Us, p99Us, errors } = await runWrk({ ...load, url, head });
  const after = cpuTimes(processes);
  // wrk counts a status of 400 and above only, and does not look at bodies.
  const fault = await probe(url, head);
  if (fault !== undefined) throw new BenchError(`${name} no longer answers rightly: ${fault}`);
  if (requests === 0) throw new BenchError(`${name} answered no request in ${seconds.toFixed(1)} s`);

  const cpuUs = Object.fromEntries(after.map(([role, us], index) => [role, (us - before[index]![1]) / requests]));
  return { requests, requestsPerSecond: requests / seconds, p50Us, p99Us, errors, cpuUs };
}

/** How many requests of a measurement failed, in whatever way. */
export function errorCount({ errors }: Measurement): number {
  return Object.values(errors).reduce((sum, count) => sum + count, 0);
}

function cpuTimes(processes: Candidate['processes']): [role: string, us: number][] {
  return Object.entries(processes).map(([role, pids]) => [role, cpuTimeUs(pids)]);
}
