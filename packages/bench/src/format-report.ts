import { type ComparisonResult, type Round, type Spread, spread, type Verdict } from './compare.js';
import { errorCount, type Measurement } from './measure.js';
import type { Report } from './report.js';
import type { Comparison } from './rows.js';
import type { RowResult } from './run-row.js';

/** The report as Markdown that reads well on a terminal too. */
export function formatReport({ machine, rounds, seconds, rows }: Report): string {
  const facts =
    `${machine.cpus} CPUs (${machine.cpuModel}), Linux ${machine.kernel}, Node ${machine.node}, nginx ${machine.nginx}, ` +
    `wrk ${machine.wrk}; load before ${machine.loadBefore.toFixed(2)}; ${rounds} rounds of ${seconds} s; ${machine.time}`;
  return [facts, ...rows.map(formatRow)].join('\n\n');
}

function formatRow(row: RowResult): string {
  const mark = row.errors > 0 ? `: ${row.errors} ERRORS, do not trust this row` : '';
  const names = Object.keys(row.rounds[0] ?? {}) as (keyof Round)[];
  const subjects = names.map((name) =>
    subjectCells(
      name,
      row.rounds.flatMap((round) => round[name] ?? []),
    ),
  );
  return [
    `## ${row.title} (${row.headBytes} bytes)${mark}`,
    table(['subject', 'requests/s', 'p50 ms', 'p99 ms', 'CPU us/request', 'errors'], subjects),
    table(['ratio within a round', 'median', 'min', 'max', 'floor', 'budget'], row.comparisons.map(comparisonCells)),
  ].join('\n\n');
}

function subjectCells(name: string, measurements: readonly Measurement[]): string[] {
  const of = (figure: (measurement: Measurement) => number): Spread => spread(measurements.map(figure));
  const rate = of((each) => each.requestsPerSecond);
  const roles = Object.keys(measurements[0]?.cpuUs ?? {});
  const cpu = roles.map((role) => `${role} ${of((each) => each.cpuUs[role] ?? 0).median.toFixed(1)}`);
  return [
    name,
    `${thousands(rate.median)} (${thousands(rate.min)}-${thousands(rate.max)})`,
    (of((each) => each.p50Us).median / 1000).toFixed(2),
    (of((each) => each.p99Us).median / 1000).toFixed(2),
    cpu.join(', '),
    String(measurements.reduce((sum, each) => sum + errorCount(each), 0)),
  ];
}

function comparisonCells(result: ComparisonResult): string[] {
  const { ratio, floor, floorVerdict, budget, budgetVerdict } = result;
  const sign = result.figure.kind === 'rate' ? '>=' : '<=';
  const limit = (value: number | undefined, verdict: Verdict | undefined): string =>
    value === undefined ? '' : `${sign} ${value} ${verdict}`;
  const figures = [ratio.median, ratio.min, ratio.max].map((value) => `${value.toFixed(2)}x`);
  return [titleOf(result), ...figures, limit(floor, floorVerdict), limit(budget, budgetVerdict)];
}

function titleOf({ figure, subject, against }: Comparison): string {
  if (figure.kind === 'rate') return `requests/s, ${subject} / ${against}`;
  return `CPU, ${subject}${figure.role === undefined ? '' : ` (${figure.role})`} / ${against}`;
}

function thousands(value: number): string {
  return `${(value / 1000).toFixed(1)}k`;
}

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...body.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
