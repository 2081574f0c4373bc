import { readdirSync, readFileSync } from 'node:fs';

// The kernel reports in USER_HZ, which is 100 on every architecture that Node runs on, whatever the kernel's own HZ.
const MICROSECONDS_A_TICK = 1_000_000 / 100;

/** What `/proc/PID/stat` says about one process. */
interface ProcessStat {
  /** The process that started it. */
  readonly parent: number;
  /** User and system time of all its threads, ended ones too, in microseconds (in steps of 10,000). */
  readonly cpuUs: number;
}

/** Reads the fields that are needed out of a line of `/proc/PID/stat` (proc(5)). */
export function parseProcessStat(line: string): ProcessStat {
  // The second field is the program's name in parentheses, and may itself contain blanks and parentheses.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), cpuUs: (Number(fields[11]) + Number(fields[12])) * MICROSECONDS_A_TICK };
}

/** CPU time that these processes have used since they started, in microseconds. A process that is gone counts as nothing. */
export function cpuTimeUs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (processStat(pid)?.cpuUs ?? 0), 0);
}

/** The processes that `pid` started itself and that still run. */
export function childrenOf(pid: number): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return all.map(Number).filter((other) => processStat(other)?.parent === pid);
}

function processStat(pid: number): ProcessStat | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}
