import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { BenchError } from '../bench-error.js';

const END_MS = 3_000;
const ANSWER_MS = 180_000;

/** What to start, and what to do when it ends by itself. */
export interface ChildOptions {
  /** How error messages call it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Called when it ends without having been asked to. */
  readonly onDeath: (error: BenchError) => void;
}

/** A process that was started here and is ended here. */
export interface Child {
  readonly pid: number;
  /** The next line that it prints, as JSON; rejects when it ends before, is not JSON, or takes longer than 180 s. */
  nextLine(signal: AbortSignal): Promise<Record<string, unknown>>;
  /** Writes it a line. */
  say(line: string): void;
  /** Ends it (SIGTERM, after 3 s SIGKILL); resolves when it is gone. */
  close(): Promise<void>;
}

/** All processes of one run, so that none outlives it. */
export interface Children {
  start(options: ChildOptions): Promise<Child>;
  /** Ends all that still run. */
  close(): Promise<void>;
  /** The same at once and without waiting, for the `exit` event of the own process. */
  abort(): void;
}

/** Keeps the processes of one run. */
export function createChildren(): Children {
  const running = new Map<ChildProcess, () => Promise<void>>();

  async function start(options: ChildOptions): Promise<Child> {
    const { name, command, args, env, onDeath } = options;
    // The children read their stdin to its end and leave then: that is how they notice a parent that was killed.
    const child = spawn(command, args, { stdio: 'pipe', env: { ...process.env, ...env } });
    const { pid } = child;
    if (pid === undefined) {
      const [error] = (await once(child, 'error')) as [Error];
      throw new BenchError(`${name}: cannot start ${command}: ${error.message}`);
    }

    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints = (complaints + text).slice(-8_192);
    });
    child.stdin.on('error', () => {}); // it ended first: 'close' reports it
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

    let closing = false;
    const closed = new Promise<void>((resolve) => {
      child.once('close', (code, signal) => {
        running.delete(child);
        resolve();
        if (!closing) onDeath(new BenchError(`${name} died (${signal ?? `exit code ${code}`})${reasonIn(complaints)}`));
      });
    });
    const close = async (): Promise<void> => {
      closing = true;
      child.kill('SIGTERM');
      const hard = setTimeout(() => child.kill('SIGKILL'), END_MS);
      await closed;
      clearTimeout(hard);
    };
    running.set(child, close);

    const nextLine = async (signal: AbortSignal): Promise<Record<string, unknown>> => {
      const late = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
      const line = await Promise.race([lines.next(), aborted(late)]).catch((error: unknown) => {
        if (signal.aborted) throw error;
        throw new BenchError(`${name} said nothing for ${ANSWER_MS / 1000} s${reasonIn(complaints)}`);
      });
      // Its output ends just before it does, and why it ended is what the reader wants to know: onDeath aborts the signal.
      if (line.done) return closed.then(() => Promise.reject(signal.reason));
      return parseLine(name, line.value);
    };
    return { pid, nextLine, say: (text) => void child.stdin.write(`${text}\n`), close };
  }

  return {
    start,
    close: async () => void (await Promise.all([...running.values()].map((close) => close()))),
    abort: () => {
      for (const child of running.keys()) child.kill('SIGTERM');
    },
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function parseLine(name: string, line: string): Record<string, unknown> {
  try {
    return JSON.parse(line);
  } catch {
    throw new BenchError(`${name} printed something else than JSON: ${line}`);
  }
}

/** The line of a program's complaints that says most: a Node error stands between its source and its stack. */
function reasonIn(complaints: string): string {
  const lines = complaints.split('\n').filter((line) => line.trim() !== '');
  const reason = lines.find((line) => /^\w*Error\b|\[emerg\]/.test(line)) ?? lines.at(-1);
  return reason === undefined ? '' : `: ${reason.trim()}`;
}
