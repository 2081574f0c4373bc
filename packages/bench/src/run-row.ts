import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ComparisonResult, compare, type Round } from './compare.js';
import { waitUntilAnswering } from './load/probe.js';
import { type Candidate, errorCount, type Measurement, measure } from './measure.js';
import type { Children } from './process/children.js';
import type { Row } from './rows.js';
import { SUBJECTS, type SubjectContext, type SubjectName, VISITED_PATH } from './subjects.js';

const WARM_UP_SECONDS = 1;

/** What the rows of one run share. */
export interface RunOptions {
  readonly rounds: number;
  /** Length of one measurement. */
  readonly seconds: number;
  readonly programs: SubjectContext['programs'];
  /** A folder for temporary files. */
  readonly folder: string;
  /** Empty between rows. */
  readonly children: Children;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/** A row with its figures. */
export interface RowResult {
  readonly name: string;
  readonly title: string;
  readonly visitors: number;
  readonly headBytes: number;
  readonly rounds: readonly Round[];
  readonly comparisons: readonly ComparisonResult[];
  /** Requests that failed, of all subjects and rounds. Above 0 the row must not be trusted. */
  readonly errors: number;
}

/** Starts the subjects of a row afresh (so that no row depends on those before it), measures them by turns and ends them. */
export async function runRow(row: Row, options: RunOptions): Promise<RowResult> {
  const { children, rounds: count, onProgress } = options;
  const death = new AbortController();
  const signal = AbortSignal.any([options.signal, death.signal]);
  const load = {
    program: options.programs.wrk,
    visitors: row.visitors,
    seconds: options.seconds,
    folder: options.folder,
    signal,
  };
  try {
    const candidates: Candidate[] = [];
    for (const name of row.subjects) {
      candidates.push(await startCandidate(name, row, options, signal, (error) => death.abort(error)));
    }
    for (const candidate of candidates) {
      onProgress(`${row.name}: warming up ${candidate.name}`);
      await measure(candidate, { ...load, seconds: WARM_UP_SECONDS });
    }
    const rounds: Round[] = [];
    for (let number = 0; number < count; number++) {
      const round: Partial<Record<SubjectName, Measurement>> = {};
      for (const candidate of rotated(candidates, number)) {
        const measurement = await measure(candidate, load);
        round[candidate.name] = measurement;
        onProgress(`${row.name}: round ${number + 1} of ${count}, ${candidate.name} ${progressOf(measurement)}`);
      }
      rounds.push(round);
    }
    return resultOf(row, candidates, rounds);
  } finally {
    await children.close();
  }
}

async function startCandidate(
  name: SubjectName,
  row: Row,
  options: RunOptions,
  signal: AbortSignal,
  onDeath: (error: Error) => void,
): Promise<Candidate> {
  const folder = join(options.folder, name);
  mkdirSync(folder, { recursive: true });
  const { programs, children } = options;
  const start: SubjectContext['start'] = (child) => {
    signal.throwIfAborted();
    return children.start({ ...child, onDeath });
  };
  const subject = await SUBJECTS[name]({ start, programs, folder, signal });
  const url = new URL(VISITED_PATH, subject.origin);
  const head = row.head(url);
  await waitUntilAnswering(name, url, head, signal);
  // Only now has nginx surely started its worker.
  return { name, url, head, processes: subject.processes() };
}

function resultOf(row: Row, candidates: readonly Candidate[], rounds: readonly Round[]): RowResult {
  const { name, title, visitors } = row;
  const measurements = rounds.flatMap((round) => Object.values(round));
  return {
    name,
    title,
    visitors,
    headBytes: candidates[0]?.head.length ?? 0,
    rounds,
    comparisons: row.comparisons.map((comparison) => compare(comparison, rounds)),
    errors: measurements.reduce((sum, measurement) => sum + errorCount(measurement), 0),
  };
}

/** Each subject comes first, second and last equally often, as far as the number of rounds allows. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

function progressOf(measurement: Measurement): string {
  const errors = errorCount(measurement);
  return `${Math.round(measurement.requestsPerSecond)} requests/s${errors > 0 ? `, ${errors} ERRORS` : ''}`;
}
