import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BenchError } from '../bench-error.js';
import { stageOf } from './stages.js';

const SAMPLES_A_SECOND = 2999;
const OUTPUT_BYTES = 2 ** 30;

// The events of the kernel by the name that the table gives them.
const CALLS: Readonly<Record<string, readonly string[]>> = {
  write: ['write', 'writev', 'sendto', 'sendmsg'],
  read: ['read', 'readv', 'recvfrom', 'recvmsg'],
  wait: ['epoll_wait', 'epoll_pwait'],
  futex: ['futex'],
};
const ALL_CALLS = 'raw_syscalls:sys_enter';

/** What share of a process's CPU time each stage had while `load` ran. */
export async function sampleStages(
  pid: number,
  folder: string,
  load: () => Promise<unknown>,
): Promise<Map<string, number>> {
  const data = join(folder, `perf-${pid}.data`);
  const args = ['record', '-q', '-g', '-F', `${SAMPLES_A_SECOND}`, '-e', 'cpu-clock', '-o', data, '-p', `${pid}`];
  await during(args, load);
  const script = ['script', '-i', data, '-F', 'ip,sym', '--no-inline'];
  const { stdout } = await promisify(execFile)('perf', script, { maxBuffer: OUTPUT_BYTES });
  rmSync(data);
  return sharesOf(stdout);
}

/** How many system calls a process made while `load` ran, by kind, and in all. */
export async function countCalls(pid: number, load: () => Promise<unknown>): Promise<Map<string, number>> {
  const events = [
    ALL_CALLS,
    ...Object.values(CALLS).flatMap((names) => names.map((name) => `syscalls:sys_enter_${name}`)),
  ];
  const output = await during(['stat', '-x', ',', '-e', events.join(','), '-p', `${pid}`], load);
  const counts = new Map(output.split('\n').map((line) => [line.split(',')[2] ?? '', Number(line.split(',')[0])]));
  const sum = (names: readonly string[]): number =>
    names.reduce((total, name) => total + (counts.get(`syscalls:sys_enter_${name}`) || 0), 0);
  const kinds = Object.entries(CALLS).map(([kind, names]) => [kind, sum(names)] as const);
  return new Map([...kinds, ['all', counts.get(ALL_CALLS) || 0]]);
}

async function during(args: readonly string[], load: () => Promise<unknown>): Promise<string> {
  const perf = spawn('perf', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  perf.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const closed = once(perf, 'close');
  await load();
  perf.kill('SIGINT');
  await closed;
  if (/^Error|not supported|Permission/m.test(output)) throw new BenchError(`perf: ${output.trim()}`);
  return output;
}

/** Samples stand apart by empty lines, their frames innermost first, `address symbol`. */
function sharesOf(script: string): Map<string, number> {
  const shares = new Map<string, number>();
  const samples = script.split(/\n\s*\n/).filter((sample) => sample.trim() !== '');
  for (const sample of samples) {
    const stage = stageOf(sample.split('\n').map((line) => line.trim().replace(/^[0-9a-f]+ /, '')));
    shares.set(stage, (shares.get(stage) ?? 0) + 1 / samples.length);
  }
  return shares;
}
