import type { Budget } from './budgets.js';
import { type ComparisonResult, type Spread, spread } from './compare.js';
import { judgedIn, type Report } from './report.js';
import type { RowResult } from './run-row.js';

/** The report as Markdown that reads well on a terminal too. */
export function formatReport(report: Report): string {
  const { machine, rounds, seconds, quick, rows } = report;
  const facts =
    `${machine.cpus} CPUs (${machine.cpuModel}), Linux ${machine.kernel}, Node ${machine.node}, nginx ${machine.nginx}, ` +
    `wrk ${machine.wrk}; load before ${machine.loadBefore.toFixed(2)}; ${rounds} rounds of ${seconds} s` +
    `${quick ? ', quick: the figures say little' : ''}; ${machine.time}`;
  return [facts, ...rows.map(formatRow), formatBudgets(report)].join('\n\n');
}

function formatRow({ title, errors, rounds, comparisons }: RowResult): string {
  const mark = errors > 0 ? `: ${errors} ERRORS, do not trust this row` : '';
  const measurements = rounds.flatMap((round) => Object.values(round));
  const figures = [...new Set(measurements.flatMap((each) => Object.keys(each.figures)))];
  const subjects = Object.keys(rounds[0] ?? {}).map((subject) => {
    const own = rounds.map((round) => round[subject]!);
    const cells = figures.map((figure) => {
      const values = own.flatMap((each) => each.figures[figure] ?? []);
      return values.length === 0 ? '' : formatSpread(spread(values));
    });
    return [subject, ...cells, String(own.reduce((sum, each) => sum + each.errors, 0))];
  });
  return [
    `## ${title}${mark}`,
    table(['subject', ...figures, 'errors'], subjects),
    ...(comparisons.length === 0
      ? []
      : [table(['within a round', 'median', 'min', 'max', 'budget'], comparisons.map(cellsOf))]),
  ].join('\n\n');
}

function formatBudgets(report: Report): string {
  const judged = judgedIn(report).map((each) => [each.row, ...cellsOf(each)]);
  return ['## Budgets', table(['row', 'what', 'median', 'min', 'max', 'budget'], judged)].join('\n\n');
}

function cellsOf({ name, against, value, budget, verdict }: ComparisonResult): string[] {
  const unit = against === undefined ? '' : 'x';
  const figures = [value.median, value.min, value.max].map((each) => `${formatNumber(each)}${unit}`);
  return [name, ...figures, budget === undefined ? '' : `${formatBudget(budget)} ${verdict}`];
}

/** As it stands in the table. */
export function formatBudget(budget: Budget): string {
  return 'atLeast' in budget ? `>= ${budget.atLeast}` : `<= ${budget.atMost}`;
}

function formatSpread({ median, min, max }: Spread): string {
  if (min === max) return formatNumber(median);
  return `${formatNumber(median)} (${formatNumber(min)}-${formatNumber(max)})`;
}

/** Three digits that count, without an exponent. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 10_000) return `${(value / 1000).toFixed(1)}k`;
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...body.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
