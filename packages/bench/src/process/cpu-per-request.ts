import { cpuTimeUs } from './cpu-time.js';

/** Processes by the role they play. */
export type Processes = Readonly<Record<string, readonly number[]>>;

/** Puts a load on processes; tells what a request cost them, in microseconds: `CPU us` in all, and by role. */
export async function cpuPerRequest<Result extends { readonly requests: number }>(
  processes: Processes,
  load: () => Promise<Result>,
): Promise<{ result: Result; cpu: Record<string, number> }> {
  const before = times(processes);
  const result = await load();
  const cost = times(processes).map(([role, us], index) => [role, (us - before[index]![1]) / result.requests] as const);
  const roles = Object.fromEntries(cost.map(([role, us]) => [`${role} us`, us]));
  return { result, cpu: { 'CPU us': cost.reduce((sum, [, us]) => sum + us, 0), ...roles } };
}

function times(processes: Processes): [role: string, us: number][] {
  return Object.entries(processes).map(([role, pids]) => [role, cpuTimeUs(pids)]);
}
