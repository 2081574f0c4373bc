import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../src/run.js';

const bin = fileURLToPath(new URL('../../bin/rhttp.js', import.meta.url));

/** The command as a process of its own. */
export interface Rhttp {
  readonly child: ChildProcess;
  /** Everything that it wrote so far, line by line. */
  readonly out: readonly string[];
  readonly err: readonly string[];
  /** The first line of either stream that fits; rejects when it ends without one. */
  line(pattern: RegExp): Promise<string>;
  /** The first JSON line of stdout that has these fields. */
  json(fields: Readonly<Record<string, unknown>>): Promise<Record<string, any>>;
  readonly exited: Promise<number | null>;
  signal(name: NodeJS.Signals): void;
}

/** A place of its own for a test: a folder, a state directory in it, and processes that end with it. */
export interface Bench {
  readonly folder: string;
  readonly state: string;
  start(args: readonly string[], env?: Readonly<Record<string, string>>): Rhttp;
  /** Runs it to its end, in this process: a start of Node for each would make the tests take minutes. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Finished>;
  /** A gateway on free ports, when it listens. */
  gateway(args?: readonly string[], env?: Readonly<Record<string, string>>): Promise<StartedGateway>;
  end(): Promise<void>;
}

/** What a command came to. */
export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A gateway that listens. */
export interface StartedGateway extends Rhttp {
  readonly url: string;
  readonly admin: string;
  readonly tokenFile: string;
}

export function createBench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), 'rhttp-test-'));
  const state = join(folder, 'state');
  const running = new Set<Rhttp>();
  const start: Bench['start'] = (args, env = {}) => {
    const rhttp = spawnRhttp(args, { RHTTP_STATE_DIR: state, ...env }, folder);
    running.add(rhttp);
    void rhttp.exited.then(() => running.delete(rhttp));
    return rhttp;
  };
  return {
    folder,
    state,
    start,
    async run(args, env = {}) {
      const written = { out: '', err: '' };
      const code = await run(args, {
        env: { RHTTP_STATE_DIR: state, ...env },
        cwd: folder,
        stdout: { write: (text) => (written.out += text) },
        stderr: { write: (text) => (written.err += text) },
        onSignal: () => () => {},
      });
      return { code, out: written.out.trimEnd(), err: written.err.trimEnd() };
    },
    async gateway(args = [], env = {}) {
      const rhttp = start(['gateway', '--port', '0', '--admin', '127.0.0.1:0', ...args], env);
      const { url, admin, tokenFile } = await rhttp.json({ event: 'listening' });
      return Object.assign(rhttp, { url, admin, tokenFile }) as StartedGateway;
    },
    async end() {
      const ended = [...running].map((rhttp) => {
        rhttp.signal('SIGKILL');
        return rhttp.exited;
      });
      await Promise.all(ended);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function spawnRhttp(args: readonly string[], env: Readonly<Record<string, string>>, cwd: string): Rhttp {
  const inherited = Object.entries(process.env).filter(([name]) => !/^RHTTP_|^XDG_|_proxy$/i.test(name));
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out: string[] = [];
  const err: string[] = [];
  const changed = new Set<() => void>();
  const news = (): void => {
    for (const wake of changed) wake();
  };
  collect(child.stdout!, out, news);
  collect(child.stderr!, err, news);
  let ended = false;
  const exited = once(child, 'close').then(([code]) => {
    ended = true;
    news();
    return code as number | null;
  });
  const until = async <T>(find: () => T | undefined, what: string): Promise<T> => {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (ended) throw new Error(`rhttp ${args.join(' ')} ended without ${what}:\n${[...out, ...err].join('\n')}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          changed.delete(wake);
          resolve();
        };
        changed.add(wake);
      });
    }
  };
  return {
    child,
    out,
    err,
    line: (pattern) => until(() => [...out, ...err].find((line) => pattern.test(line)), String(pattern)),
    json: (fields) =>
      until(
        () =>
          out.map(parse).find((line) => line && Object.entries(fields).every(([name, value]) => line[name] === value)),
        JSON.stringify(fields),
      ),
    exited,
    signal: (name) => void child.kill(name),
  };
}

function collect(stream: NodeJS.ReadableStream, lines: string[], news: () => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop()!;
    lines.push(...parts);
    news();
  });
  stream.on('end', () => {
    if (rest !== '') lines.push(rest);
  });
}

function parse(line: string): Record<string, any> | undefined {
  try {
    return JSON.parse(line) as Record<string, any>;
  } catch {
    return undefined;
  }
}
