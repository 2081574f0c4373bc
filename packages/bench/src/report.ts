import type { ComparisonResult } from './compare.js';
import type { MachineFacts } from './machine-facts.js';
import type { RowResult } from './run-row.js';

/** Everything that a run found out; what `--json` writes. Fields are only ever added. */
export interface Report {
  readonly version: 2;
  readonly machine: MachineFacts;
  readonly rounds: number;
  /** Length of one measurement. */
  readonly seconds: number;
  readonly quick: boolean;
  readonly rows: readonly RowResult[];
}

/** A comparison that has a budget, and the row that it belongs to. */
export interface Judged extends ComparisonResult {
  readonly row: string;
}

/** Everything that has a budget. */
export function judgedIn({ rows }: Report): Judged[] {
  return rows.flatMap(({ name: row, comparisons }) =>
    comparisons.flatMap((each) => (each.budget === undefined ? [] : [{ ...each, row }])),
  );
}
