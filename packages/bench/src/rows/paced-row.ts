import { runPacedLoad } from '../load/paced-load.js';
import { waitUntilAnswering } from '../load/probe.js';
import { browserGet } from '../load/requests.js';
import { cpuPerRequest } from '../process/cpu-per-request.js';
import type { Comparison, Row } from '../row.js';
import { type StartSubject, VISITED_PATH } from '../subjects.js';
import { startSubjects } from './start-subjects.js';

/** Visitors that ask at a fixed rate, far from what any subject can do. */
export interface PacedRow {
  readonly name: string;
  readonly title: string;
  readonly perSecond: number;
  readonly visitors: number;
  readonly subjects: Readonly<Record<string, StartSubject>>;
  readonly comparisons: readonly Comparison[];
}

/** Makes the row of it. */
export function pacedRow({ name, title, perSecond, visitors, subjects, comparisons }: PacedRow): Row {
  return {
    name,
    title,
    subjects: Object.keys(subjects),
    comparisons,
    start: (stage) =>
      startSubjects(stage, subjects, async (running, subject) => {
        const url = new URL(VISITED_PATH, running.origin);
        const request = browserGet(url);
        const { signal } = stage;
        await waitUntilAnswering(subject, url, request, signal);
        const processes = running.processes();
        return async ({ seconds }) => {
          const { result, cpu } = await cpuPerRequest(processes, () =>
            runPacedLoad({ url, request, perSecond, seconds, visitors, signal }),
          );
          return { figures: { ...result.figures, ...cpu }, errors: result.errors };
        };
      }),
  };
}
