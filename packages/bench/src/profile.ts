// Where the time of a request goes: CPU microseconds by stage, system calls and allocations of each process. Needs Linux's perf.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BenchError } from './bench-error.js';
import { waitUntilAnswering } from './load/probe.js';
import { browserGet } from './load/requests.js';
import { runWrk } from './load/wrk.js';
import { createChildren } from './process/children.js';
import { cpuPerRequest } from './process/cpu-per-request.js';
import { findProgram } from './process/find-program.js';
import { sampleAllocations } from './profile/allocations.js';
import { countCalls, sampleStages } from './profile/perf.js';
import { createStage, type Stage } from './stage.js';
import { forwarding, gateway, type RunningSubject, type StartSubject, VISITED_PATH } from './subjects.js';

const SECONDS = 4;
const ROUNDS = 3;
const SUBJECTS: Readonly<Record<string, [start: StartSubject, visitors: readonly number[]]>> = {
  websocket: [gateway(), [1, 8, 64]],
  polling: [gateway('poll'), [64]],
  forwarding: [forwarding, [64]],
};

interface Figures {
  readonly us: number;
  readonly stages: Map<string, number>;
  readonly calls: Map<string, number>;
  readonly bytes: Map<string, number>;
}

const only = process.argv.slice(2);
const wrk = findProgram('wrk');
if (wrk === undefined || findProgram('perf') === undefined) {
  throw new BenchError('wrk and perf are needed: apt-get install wrk linux-perf');
}
const folder = mkdtempSync(join(tmpdir(), 'rhttp-profile-'));
// All subjects inherit it: names for perf, and what samples allocations.
const preload = fileURLToPath(new URL('./subjects/sample-allocations.js', import.meta.url));
process.env.NODE_OPTIONS = `--perf-basic-prof --interpreted-frames-native-stack --import=${preload}`;
process.env.BENCH_ALLOCATIONS = join(folder, 'allocations');
const children = createChildren();
process.once('exit', () => children.abort());
try {
  for (const [name, [start, visitors]] of Object.entries(SUBJECTS)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const signal = new AbortController().signal;
    const stage = createStage({ programs: { wrk, nginx: '' }, quick: false, folder, children, signal });
    const running = await start(stage);
    for (const each of visitors) print(name, each, await profile(running, each, stage));
    await stage.close();
  }
} finally {
  await children.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Time is measured while nobody watches, the quietest of some rounds; then perf says what its shares are. */
async function profile(running: RunningSubject, visitors: number, stage: Stage): Promise<Map<string, Figures>> {
  const url = new URL(VISITED_PATH, running.origin);
  const requests = [browserGet(url)];
  await waitUntilAnswering('the subject', url, requests[0]!, stage.signal);
  const processes = running.processes();
  const program = stage.programs.wrk;
  const load = (): ReturnType<typeof runWrk> =>
    runWrk({ program, url, requests, visitors, seconds: SECONDS, folder, signal: stage.signal });
  await load();
  const rounds: Record<string, number>[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push((await cpuPerRequest(processes, load)).cpu);

  const figures = new Map<string, Figures>();
  for (const [role, [pid]] of Object.entries(processes)) {
    if (pid === undefined) continue;
    let requestsDone = 0;
    const counted = async (): Promise<void> => {
      requestsDone = (await load()).requests;
    };
    const perRequest = (counts: Map<string, number>): Map<string, number> =>
      new Map([...counts].map(([key, count]) => [key, count / requestsDone]));
    const stages = await sampleStages(pid, folder, load);
    const calls = perRequest(await countCalls(pid, counted));
    const bytes = perRequest(await sampleAllocations(pid, process.env.BENCH_ALLOCATIONS ?? '', counted));
    figures.set(role, { us: Math.min(...rounds.map((cpu) => cpu[`${role} us`] ?? Infinity)), stages, calls, bytes });
  }
  return figures;
}

function print(name: string, visitors: number, figures: ReadonlyMap<string, Figures>): void {
  for (const [role, { us, stages, calls, bytes }] of figures) {
    const total = [...bytes.values()].reduce((sum, each) => sum + each, 0);
    console.log(`\n## ${name}, ${visitors} visitors: ${role}\n\n| stage | us | heap bytes |\n|---|---|---|`);
    console.log(`| all | ${us.toFixed(1)} | ${total.toFixed(0)} |`);
    for (const stage of [...new Set([...stages.keys(), ...bytes.keys()])].sort((a, b) => share(b) - share(a))) {
      console.log(`| ${stage} | ${(share(stage) * us).toFixed(2)} | ${(bytes.get(stage) ?? 0).toFixed(0)} |`);
    }
    console.log(`\nSystem calls: ${[...calls].map(([kind, count]) => `${kind} ${count.toFixed(2)}`).join(', ')}`);
    function share(stage: string): number {
      return stages.get(stage) ?? 0;
    }
  }
}
