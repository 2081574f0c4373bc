import { waitUntilAnswering } from '../load/probe.js';
import { browserGet } from '../load/requests.js';
import { type Direction, transfer } from '../load/transfer.js';
import { cpuPerRequest } from '../process/cpu-per-request.js';
import type { Comparison, Row } from '../row.js';
import { type StartSubject, VISITED_PATH } from '../subjects.js';
import { startSubjects } from './start-subjects.js';

/** One body, as fast as it goes. */
export interface BodyRow {
  readonly name: string;
  readonly title: string;
  readonly direction: Direction;
  readonly bytes: number;
  /** With `--quick`. */
  readonly quickBytes: number;
  readonly subjects: Readonly<Record<string, StartSubject>>;
  readonly comparisons: readonly Comparison[];
}

/** Makes the row of it. */
export function bodyRow(options: BodyRow): Row {
  const { name, title, direction, bytes, quickBytes, subjects, comparisons } = options;
  return {
    name,
    title,
    subjects: Object.keys(subjects),
    comparisons,
    // The first body is what a visitor meets too, and one is long enough.
    warmUp: false,
    start: (stage) =>
      startSubjects(stage, subjects, async ({ origin, processes: running }, subject) => {
        const url = new URL(VISITED_PATH, origin);
        await waitUntilAnswering(subject, url, browserGet(url), stage.signal);
        const processes = running();
        return async ({ quick }) => {
          const size = quick ? quickBytes : bytes;
          const { result, cpu } = await cpuPerRequest(processes, async () => {
            return { ms: await transfer(url, direction, size, stage.signal), requests: 1 };
          });
          return { figures: { 'MB/s': size / 1000 / result.ms, ...cpu }, errors: 0 };
        };
      }),
  };
}
