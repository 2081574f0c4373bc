import { readFileSync } from 'node:fs';

/** What the median of a comparison must reach, or stay under. */
export type Budget = { readonly atLeast: number } | { readonly atMost: number };

/** The committed budgets: by row, then by what is compared. */
export type Budgets = Readonly<Record<string, Readonly<Record<string, Budget>>>>;

/** Reads `budgets.json`, which stands beside the sources. */
export function readBudgets(): Budgets {
  return JSON.parse(readFileSync(new URL('../budgets.json', import.meta.url), 'utf8'));
}

/** Whether a value keeps to it. */
export function holds(budget: Budget, value: number): boolean {
  return 'atLeast' in budget ? value >= budget.atLeast : value <= budget.atMost;
}
