import { type Direction, transfer } from '../load/transfer.js';
import type { Comparison, Measure, Row } from '../row.js';
import { type StartSubject, VISITED_PATH } from '../subjects.js';

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
    async start(stage) {
      const measures: Record<string, Measure> = {};
      for (const [subject, start] of Object.entries(subjects)) {
        const { origin } = await start(stage);
        const url = new URL(VISITED_PATH, origin);
        measures[subject] = async ({ quick }) => {
          const size = quick ? quickBytes : bytes;
          const ms = await transfer(url, direction, size, stage.signal);
          return { figures: { 'MB/s': size / 1000 / ms, s: ms / 1000 }, errors: 0 };
        };
      }
      return measures;
    },
  };
}
