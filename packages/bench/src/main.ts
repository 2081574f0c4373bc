import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BenchError } from './bench-error.js';
import { readBudgets } from './budgets.js';
import { formatBudget, formatNumber, formatReport } from './format-report.js';
import { machineFacts } from './machine-facts.js';
import { type Arguments, HELP, parseArguments } from './parse-arguments.js';
import { createChildren } from './process/children.js';
import { findProgram } from './process/find-program.js';
import { judgedIn, type Report } from './report.js';
import { type RowResult, runRow } from './run-row.js';
import type { Stage } from './stage.js';

const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  try {
    const parsed = readArguments(args);
    if (typeof parsed === 'number') return parsed;
    const report = await run(parsed, interrupt);
    const json = `${JSON.stringify(report, undefined, 2)}\n`;
    if (parsed.json !== undefined && parsed.json !== '-') writeFileSync(parsed.json, json);
    process.stdout.write(parsed.json === '-' ? json : `${formatReport(report)}\n`);
    return parsed.check ? check(report) : 0;
  } catch (error) {
    if (interrupt.signal.aborted) return EXIT_INTERRUPTED;
    if (!(error instanceof BenchError)) throw error;
    process.stderr.write(`bench: ${error.message}\n`);
    return 1;
  }
}

/** Returns an exit code when there is nothing to run. */
function readArguments(args: readonly string[]): Arguments | number {
  try {
    const parsed = parseArguments(args);
    if (!parsed.help) return parsed;
    process.stdout.write(HELP);
    return 0;
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    process.stderr.write(`bench: ${error.message}\n`);
    return EXIT_USAGE;
  }
}

async function run({ rounds, seconds, quick, rows }: Arguments, interrupt: AbortController): Promise<Report> {
  const programs = requirePrograms();
  const budgets = readBudgets();
  const children = createChildren();
  const folder = mkdtempSync(join(tmpdir(), 'rhttp-bench-'));
  process.once('exit', () => children.abort());
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // The first one lets everything end in order, a second one is obeyed at once.
    process.on(name, () => (interrupt.signal.aborted ? process.exit(EXIT_INTERRUPTED) : interrupt.abort()));
  }
  const onProgress = (line: string): void => void process.stderr.write(`${line}\n`);
  try {
    const machine = machineFacts(programs);
    const results: RowResult[] = [];
    for (const row of rows) {
      const { signal } = interrupt;
      results.push(
        await runRow(row, { rounds, seconds, quick, budgets, programs, folder, children, signal, onProgress }),
      );
    }
    return { version: 2, machine, rounds, seconds, quick, rows: results };
  } finally {
    await children.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Names the budgets that are not kept; the exit code. */
function check(report: Report): number {
  const wrong = judgedIn(report).filter(({ verdict }) => verdict !== 'met');
  for (const { row, name, value, budget, verdict } of wrong) {
    const median = `${formatNumber(value.median)}, ${budget && formatBudget(budget)}`;
    process.stderr.write(`bench: ${verdict}: ${row}: ${name}: ${median}\n`);
  }
  return wrong.length === 0 ? 0 : 1;
}

function requirePrograms(): Stage['programs'] {
  const wrk = findProgram('wrk');
  const nginx = findProgram('nginx');
  if (wrk === undefined || nginx === undefined) {
    throw new BenchError('wrk and nginx are needed: apt-get install wrk nginx');
  }
  return { wrk, nginx };
}
