import { type Budget, type Budgets, holds } from './budgets.js';
import { type Comparison, nameOf, type Round } from './row.js';

/** Median, smallest and largest of some figures. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** `invalid`: some of the requests failed, so that the figure says nothing. */
export type Verdict = 'met' | 'missed' | 'invalid';

/** A comparison with what came out of it. */
export interface ComparisonResult extends Comparison {
  /** How it is called. */
  readonly name: string;
  /** The ratio, or where it stands against nothing the figure. */
  readonly value: Spread;
  /** Undefined where there is none; the median decides. */
  readonly budget: Budget | undefined;
  readonly verdict: Verdict | undefined;
}

/** The ratio within each round, so that what slows the whole machine for a while slows both sides of it. */
export function compare(
  comparison: Comparison,
  rounds: readonly Round[],
  budgets: Budgets[string] = {},
): ComparisonResult {
  const name = nameOf(comparison);
  const value = spread(rounds.map((round) => valueIn(round, comparison)));
  const budget = budgets[name];
  return { ...comparison, name, value, budget, verdict: budget && verdictOn(budget) };

  function verdictOn(limit: Budget): Verdict {
    const failed = ({ subject, against = subject }: Comparison, round: Round): number =>
      round[subject]!.errors + round[against]!.errors;
    if (rounds.some((round) => failed(comparison, round) > 0)) return 'invalid';
    return holds(limit, value.median) ? 'met' : 'missed';
  }
}

/** Median (of an even number: the mean of the two in the middle), minimum and maximum of at least one value. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)]!;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1]!;
  return { median: (lower + upper) / 2, min: sorted[0]!, max: sorted.at(-1)! };
}

function valueIn(round: Round, { figure, subject, against, againstFigure = figure }: Comparison): number {
  const own = figureOf(round, subject, figure);
  return against === undefined ? own : own / figureOf(round, against, againstFigure);
}

function figureOf(round: Round, subject: string, figure: string): number {
  const value = round[subject]?.figures[figure];
  if (value === undefined) throw new Error(`${subject} is compared by "${figure}", which its row does not measure`);
  return value;
}
