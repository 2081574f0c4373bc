import type { Budgets } from './budgets.js';
import { type ComparisonResult, compare } from './compare.js';
import type { Effort, Measurement, Round, Row } from './row.js';
import { createStage, type StageOptions } from './stage.js';

const WARM_UP: Effort = { seconds: 1, quick: true };

/** What the rows of one run share. */
export interface RunOptions extends StageOptions {
  readonly rounds: number;
  /** Length of one measurement. */
  readonly seconds: number;
  readonly budgets: Budgets;
  readonly onProgress: (line: string) => void;
}

/** A row with its figures. */
export interface RowResult {
  readonly name: string;
  readonly title: string;
  readonly rounds: readonly Round[];
  readonly comparisons: readonly ComparisonResult[];
  /** What failed, of all subjects and rounds. Above 0 the row must not be trusted. */
  readonly errors: number;
}

/** Starts the subjects of a row afresh (so that no row depends on those before it), measures them by turns and ends them. */
export async function runRow(row: Row, options: RunOptions): Promise<RowResult> {
  const { rounds: count, seconds, quick, onProgress } = options;
  const { name, title, subjects } = row;
  const stage = createStage(options);
  try {
    onProgress(`${name}: starting`);
    const measures = await row.start(stage);
    if (row.warmUp !== false) {
      // At once: nobody counts, and with a measurement of 1 s it would take as long as all that is measured.
      await Promise.all(subjects.map((subject) => measures[subject]!(WARM_UP)));
    }
    const rounds: Round[] = [];
    for (let number = 0; number < count; number++) {
      const round: Record<string, Measurement> = {};
      for (const subject of rotated(subjects, number)) {
        stage.signal.throwIfAborted();
        const measurement = await measures[subject]!({ seconds, quick });
        round[subject] = measurement;
        onProgress(`${name}: round ${number + 1} of ${count}, ${subject}: ${progressOf(measurement)}`);
      }
      // In the order of the row, whatever the order of the round.
      rounds.push(Object.fromEntries(subjects.map((subject) => [subject, round[subject]!])));
    }
    return {
      name,
      title,
      rounds,
      comparisons: row.comparisons.map((comparison) => compare(comparison, rounds, options.budgets[name])),
      errors: rounds.flatMap((round) => Object.values(round)).reduce((sum, { errors }) => sum + errors, 0),
    };
  } finally {
    await stage.close();
  }
}

/** Each subject comes first, second and last equally often, as far as the number of rounds allows. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

function progressOf({ figures, errors }: Measurement): string {
  const first = Object.entries(figures)[0];
  const text = first === undefined ? 'nothing' : `${first[1].toPrecision(4)} ${first[0]}`;
  return `${text}${errors > 0 ? `, ${errors} ERRORS` : ''}`;
}
