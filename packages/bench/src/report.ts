import type { MachineFacts } from './machine-facts.js';
import type { RowResult } from './run-row.js';

/** Everything that a run found out; what `--json` writes. Fields are only ever added. */
export interface Report {
  readonly version: 1;
  readonly machine: MachineFacts;
  readonly rounds: number;
  /** Length of one measurement. */
  readonly seconds: number;
  readonly rows: readonly RowResult[];
}
