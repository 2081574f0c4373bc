import { readFileSync } from 'node:fs';

/** What tells a process from a later one with the same number. */
export interface ProcessMark {
  readonly pid: number;
  /** When it started, as the kernel counts; null where that cannot be known. */
  readonly startedAt: string | null;
}

/** The mark of this process. */
export function ownMark(): ProcessMark {
  return { pid: process.pid, startedAt: startOf(process.pid) };
}

/** Whether the process that left the mark still runs. */
export function isAlive({ pid, startedAt }: ProcessMark): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process that we may not signal is alive all the same.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const start = startOf(pid);
  return startedAt === null || start === null || start === startedAt;
}

/** Field 22 of proc(5)'s stat; fields are counted from behind the name, which may hold anything. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
