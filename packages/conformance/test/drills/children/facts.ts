import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What a process holds at the moment, after a collection of what it does not. */
export interface Facts {
  readonly heapBytes: number;
  readonly outsideBytes: number;
  readonly rssBytes: number;
  readonly sockets: number;
  /** Timers and handles that keep the process alive, by kind. */
  readonly resources: Readonly<Record<string, number>>;
}

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

function readFacts(): Facts {
  collect();
  const { heapUsed, arrayBuffers, external, rss } = process.memoryUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return {
    heapBytes: heapUsed,
    outsideBytes: arrayBuffers + external,
    rssBytes: rss,
    sockets: readdirSync('/proc/self/fd').length,
    resources,
  };
}

/** Processor time used so far. */
function readCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Answers what the parent asks: for the facts, the processor time, and whatever else the child knows. Ends the child with its parent. */
export function answerParent(more: Readonly<Record<string, () => unknown>> = {}): void {
  const answers: typeof more = { facts: readFacts, cpuMs: readCpuMs, ...more };
  process.on('message', (question: { readonly ask: string }) => {
    process.send!({ answer: question.ask, value: answers[question.ask]?.() });
  });
  process.on('disconnect', () => process.exit());
}
