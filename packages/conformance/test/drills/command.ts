import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** A line of JSON that the command printed. */
export interface Told {
  /** When it was heard, of `performance.now()`. */
  readonly at: number;
  readonly event: string;
  readonly [name: string]: unknown;
}

/** The command `rhttp` as a process of its own. */
export interface Command {
  readonly child: ChildProcess;
  readonly told: readonly Told[];
  /** The first line that fits, among those heard at `since` or later. */
  until(fits: (told: Told) => boolean, since?: number): Promise<Told>;
  signal(name: NodeJS.Signals): void;
}

const bin = resolve('packages/cli/bin/rhttp.js');

/** Starts `rhttp ARGS --json`, behind the words of another command where it needs one. */
export function startCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  behind: readonly string[] = [],
): Command {
  const words = [...behind, process.execPath, bin, ...args, '--json'];
  const child = spawn(words[0]!, words.slice(1), {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const told: Told[] = [];
  const news = new EventEmitter().setMaxListeners(0);
  createInterface({ input: child.stdout! }).on('line', (line) => {
    told.push({ ...JSON.parse(line), at: performance.now() });
    news.emit('line');
  });
  child.once('exit', () => news.emit('error', new Error(`rhttp ${args.join(' ')} ended`)));
  news.on('error', () => {});
  return {
    child,
    told,
    async until(fits, since = 0) {
      for (;;) {
        const found = told.find((one) => one.at >= since && fits(one));
        if (found) return found;
        await once(news, 'line');
      }
    },
    signal: (name) => void child.kill(name),
  };
}
