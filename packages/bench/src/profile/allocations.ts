import { readFileSync, rmSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { BenchError } from '../bench-error.js';
import { stageOf } from './stages.js';

const LOOK_MS = 20;
const WAIT_MS = 10_000;

interface Node {
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly selfSize: number;
  readonly children: readonly Node[];
}

/** Bytes of JavaScript's heap that a process allocated while `load` ran, by stage; see `subjects/sample-allocations.ts`. */
export async function sampleAllocations(
  pid: number,
  prefix: string,
  load: () => Promise<unknown>,
): Promise<Map<string, number>> {
  const file = `${prefix}-${pid}`;
  process.kill(pid, 'SIGUSR2');
  await load();
  process.kill(pid, 'SIGUSR2');
  const head: Node = JSON.parse(await written(file)).profile.head;
  rmSync(file);
  const bytes = new Map<string, number>();
  add(head, [], bytes);
  return bytes;
}

function add({ callFrame, selfSize, children }: Node, outer: readonly string[], bytes: Map<string, number>): void {
  const frames = [`${callFrame.functionName} ${callFrame.url}`, ...outer];
  if (selfSize > 0) bytes.set(stageOf(frames), (bytes.get(stageOf(frames)) ?? 0) + selfSize);
  for (const child of children) add(child, frames, bytes);
}

async function written(file: string): Promise<string> {
  for (let waited = 0; waited < WAIT_MS; waited += LOOK_MS) {
    await pause(LOOK_MS);
    const text = statSync(file, { throwIfNoEntry: false }) ? readFileSync(file, 'utf8') : '';
    if (text.endsWith('}')) return text;
  }
  throw new BenchError(`no allocations were written to ${file}`);
}
