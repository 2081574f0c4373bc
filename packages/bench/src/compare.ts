import { errorCount, type Measurement } from './measure.js';
import type { Comparison, Figure } from './rows.js';
import type { SubjectName } from './subjects.js';

/** One round: every subject measured once, one right after the other. */
export type Round = Readonly<Partial<Record<SubjectName, Measurement>>>;

/** Median, smallest and largest of some figures. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** `invalid`: some of the requests failed, so that the ratio says nothing. */
export type Verdict = 'met' | 'missed' | 'invalid';

/** A comparison with what came out of it. */
export interface ComparisonResult extends Comparison {
  readonly ratio: Spread;
  /** Undefined where the comparison has no such limit; the median decides. */
  readonly floorVerdict: Verdict | undefined;
  readonly budgetVerdict: Verdict | undefined;
}

/** The ratio within each round, so that what slows the whole machine for a while slows both sides of it. */
export function compare(comparison: Comparison, rounds: readonly Round[]): ComparisonResult {
  const { figure, subject, against, floor, budget } = comparison;
  const ratio = spread(rounds.map((round) => figureOf(figure, subject, round) / figureOf(figure, against, round)));
  const valid = rounds.every((round) =>
    [subject, against].every((name) => errorCount(measurementOf(name, round)) === 0),
  );
  const verdict = (limit: number | undefined): Verdict | undefined => {
    if (limit === undefined) return undefined;
    if (!valid) return 'invalid';
    const holds = figure.kind === 'rate' ? ratio.median >= limit : ratio.median <= limit;
    return holds ? 'met' : 'missed';
  };
  return { ...comparison, ratio, floorVerdict: verdict(floor), budgetVerdict: verdict(budget) };
}

/** Median (of an even number: the mean of the two in the middle), minimum and maximum of at least one value. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)]!;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1]!;
  return { median: (lower + upper) / 2, min: sorted[0]!, max: sorted.at(-1)! };
}

function figureOf(figure: Figure, subject: SubjectName, round: Round): number {
  const { requestsPerSecond, cpuUs } = measurementOf(subject, round);
  if (figure.kind === 'rate') return requestsPerSecond;
  const own = figure.role === undefined ? undefined : cpuUs[figure.role];
  // A role that only one of the two has (connector + app against app) stands against the whole of the other.
  return own ?? Object.values(cpuUs).reduce((sum, us) => sum + us, 0);
}

function measurementOf(subject: SubjectName, round: Round): Measurement {
  const measurement = round[subject];
  if (measurement === undefined) throw new Error(`${subject} is compared in a row that does not measure it`);
  return measurement;
}
