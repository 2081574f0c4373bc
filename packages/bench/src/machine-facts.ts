import { spawnSync } from 'node:child_process';
import { cpus, loadavg, release } from 'node:os';
import type { Stage } from './stage.js';

/** Where the figures come from: without it they cannot be compared with others. */
export interface MachineFacts {
  readonly time: string;
  readonly cpus: number;
  readonly cpuModel: string;
  readonly kernel: string;
  readonly node: string;
  readonly nginx: string;
  readonly wrk: string;
  /** One-minute load average before the run: well above 0 means that something else disturbs it. */
  readonly loadBefore: number;
}

/** Reads them. */
export function machineFacts(programs: Stage['programs']): MachineFacts {
  const processors = cpus();
  return {
    time: new Date().toISOString(),
    cpus: processors.length,
    cpuModel: processors[0]?.model.trim() ?? 'unknown',
    kernel: release(),
    node: process.versions.node,
    nginx: versionOf(programs.nginx),
    wrk: versionOf(programs.wrk),
    loadBefore: loadavg()[0] ?? 0,
  };
}

function versionOf(program: string): string {
  const { stdout, stderr } = spawnSync(program, ['-v'], { encoding: 'utf8' });
  return /\d+\.\d+[^\s[]*/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown';
}
