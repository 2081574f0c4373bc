import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What a process holds at the moment, after a collection of what it does not. */
export interface Facts {
  readonly heapBytes: number;
  readonly outsideBytes: number;
  readonly rssBytes: number;
  readonly sockets: number;
  /** Processor time used so far. */
  readonly cpuMs: number;
  /** Timers and handles that keep the process alive, by kind. */
  readonly resources: Readonly<Record<string, number>>;
}

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

function readFacts(): Facts {
  collect();
  const { user, system } = process.cpuUsage();
  const { heapUsed, arrayBuffers, external, rss } = process.memoryUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return {
    heapBytes: heapUsed,
    outsideBytes: arrayBuffers + external,
    rssBytes: rss,
    sockets: readdirSync('/proc/self/fd').length,
    cpuMs: (user + system) / 1000,
    resources,
  };
}

/** Answers what the parent asks: for the facts, and whatever else the child knows. Ends the child with its parent. */
export function answerParent(answers: Readonly<Record<string, () => unknown>> = {}): void {
  process.on('message', (question: { readonly ask: string }) => {
    const answer = question.ask === 'facts' ? readFacts() : answers[question.ask]?.();
    process.send!({ answer: question.ask, value: answer });
  });
  process.on('disconnect', () => process.exit());
}
