import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { vi } from 'vitest';
import { freePort } from '../../../cli/test/support/servers.js';

/** A program of the system's that runs for a test, on a port of this machine alone. */
export interface Program {
  readonly port: number;
  readonly url: string;
  /** Ends it; resolves when it is gone. */
  stop(): Promise<void>;
}

/** How a program is started: the port, and a folder that everybody can read, for its configuration. */
export type Arguments = (port: number, folder: string) => readonly string[];

/** Where Debian puts what only root is expected to start. */
const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];

/** Path of a program; undefined where this machine does not have it. */
export function programPath(name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** Starts a program and waits until it accepts connections; what it wrote stands in the error when it does not. */
export async function startProgram(name: string, args: Arguments): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), `rhttp-${name}-`));
  execFileSync('chmod', ['755', folder]);
  const port = await freePort();
  const child = spawn(programPath(name)!, args(port, folder), { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let written = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      written = (written + text).slice(-4000);
    });
  }
  const stop = async (): Promise<void> => {
    await kill(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await vi.waitUntil(() => hasEnded(child) || accepts(port), { timeout: 15_000, interval: 20 });
    if (hasEnded(child)) throw new Error(`${name} ended`);
  } catch (error) {
    await stop();
    throw new Error(`${name} does not listen: ${written}`, { cause: error });
  }
  return { port, url: `http://127.0.0.1:${port}`, stop };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  // None of them minds; and squid takes half a minute to end in peace.
  child.kill('SIGKILL');
  await ended;
}
