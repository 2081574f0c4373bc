import type { Stage } from './stage.js';

/** One setting in which several subjects are measured by turns. */
export interface Row {
  /** For `--only`, and under which `budgets.json` speaks of it. */
  readonly name: string;
  readonly title: string;
  /** Who is measured, in the order of the report. */
  readonly subjects: readonly string[];
  readonly comparisons: readonly Comparison[];
  /** Whether every subject is measured once for nothing before the rounds; default true. */
  readonly warmUp?: boolean;
  /** Starts what is measured; says how each subject is measured once. */
  start(stage: Stage): Promise<Readonly<Record<string, Measure>>>;
}

/** Measures one subject once. */
export type Measure = (effort: Effort) => Promise<Measurement>;

/** How long or how much. */
export interface Effort {
  /** Of a measurement that a load is kept up for, whole. */
  readonly seconds: number;
  /** Whether amounts (bytes of a body) are small: does it run, not how fast. */
  readonly quick: boolean;
}

/** One subject measured once. */
export interface Measurement {
  /** By their names, which end in the unit. */
  readonly figures: Readonly<Record<string, number>>;
  /** What failed, in whatever way. Above 0 the figures say nothing. */
  readonly errors: number;
}

/** What is looked at: a figure of one subject, or its ratio to that of another one, taken within each round. */
export interface Comparison {
  readonly figure: string;
  readonly subject: string;
  /** Undefined: the figure itself, where it does not depend on how fast the machine is. */
  readonly against?: string;
  /** The other one's figure; default: the same one. */
  readonly againstFigure?: string;
}

/** One round: every subject measured once, one right after the other. */
export type Round = Readonly<Record<string, Measurement>>;

/** How reports, and `budgets.json`, call a comparison. */
export function nameOf({ figure, subject, against }: Comparison): string {
  return `${figure}, ${subject}${against === undefined ? '' : ` / ${against}`}`;
}
