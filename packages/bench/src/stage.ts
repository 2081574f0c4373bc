import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BenchError } from './bench-error.js';
import type { Child, ChildOptions, Children } from './process/children.js';

/** What a row builds on. Whatever is started here ends with the row. */
export interface Stage {
  /** Full paths of the programs. */
  readonly programs: Readonly<Record<'wrk' | 'nginx', string>>;
  /** Aborted when the run is to end, or one of the processes has died. */
  readonly signal: AbortSignal;
  /** Whether everything is to be small. */
  readonly quick: boolean;
  /** A folder of its own, made now. */
  folder(name: string): string;
  start(options: Omit<ChildOptions, 'onDeath'>): Promise<Child>;
  /** Starts one of the modules in `subjects/`, and waits until it says that it is ready. */
  startNode(name: string, module: string, options?: NodeOptions): Promise<NodeChild>;
  /** Closed when the row ends, last first, before the processes are. */
  defer(close: () => Promise<void> | void): void;
}

/** What a Node process is started with. */
export interface NodeOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Node's own. */
  readonly flags?: readonly string[];
}

/** A process that runs one of our modules. */
export interface NodeChild {
  readonly pid: number;
  /** What it said when it was ready. */
  fact(name: string): string;
  /** Sends it a line and gives its answer. */
  ask(question: string): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** What all rows share. */
export interface StageOptions {
  readonly programs: Stage['programs'];
  readonly quick: boolean;
  /** For temporary files. */
  readonly folder: string;
  readonly children: Children;
  readonly signal: AbortSignal;
}

/** Sets the stage for one row. */
export function createStage(options: StageOptions): Stage & { close(): Promise<void> } {
  const { programs, quick, children } = options;
  const death = new AbortController();
  const signal = AbortSignal.any([options.signal, death.signal]);
  const deferred: (() => Promise<void> | void)[] = [];

  const start: Stage['start'] = (child) => {
    signal.throwIfAborted();
    return children.start({ ...child, onDeath: (error) => death.abort(error) });
  };
  const startNode: Stage['startNode'] = async (name, module, { env = {}, flags = [] } = {}) => {
    const args = [...flags, fileURLToPath(new URL(`./subjects/${module}.js`, import.meta.url))];
    const child = await start({ name, command: process.execPath, args, env });
    const facts = await child.nextLine(signal);
    const fact = (key: string): string => {
      const value = facts[key];
      if (typeof value !== 'string' || value === '') throw new BenchError(`${name} did not say its ${key}`);
      return value;
    };
    const ask = (question: string): Promise<Record<string, unknown>> => {
      child.say(question);
      return child.nextLine(signal);
    };
    return { pid: child.pid, fact, ask, close: () => child.close() };
  };
  return {
    programs,
    signal,
    quick,
    start,
    startNode,
    folder: (name) => {
      const path = join(options.folder, name);
      mkdirSync(path, { recursive: true });
      return path;
    },
    defer: (close) => void deferred.push(close),
    async close() {
      for (const close of deferred.splice(0).reverse()) await close();
      await children.close();
    },
  };
}
