import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A Node process of a test's own, which prints one line of JSON when it is ready. */
export interface Process {
  readonly child: ChildProcess;
  readonly ready: Record<string, string>;
  /** What it wrote to stderr so far. */
  complaints(): string;
  /** Ends it; resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

const running = new Set<Process>();

/** Starts `support/<name>.js` with these variables and waits until it is ready. */
export async function start(name: string, env: Record<string, string> = {}): Promise<Process> {
  const file = fileURLToPath(new URL(`${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let errors = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const reader = createInterface({ input: child.stdout! });
  const [line] = (await Promise.race([
    once(reader, 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error(`${name} ended before it was ready: ${errors}`))),
  ])) as [string];
  const started: Process = {
    child,
    ready: JSON.parse(line),
    complaints: () => errors,
    async kill(signal = 'SIGKILL') {
      running.delete(started);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
  };
  running.add(started);
  return started;
}

/** Ends all that a test started. */
export async function killAll(): Promise<void> {
  await Promise.all([...running].map((each) => each.kill()));
}
