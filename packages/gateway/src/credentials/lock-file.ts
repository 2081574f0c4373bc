import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReverseHttpError } from '@reverse-http/protocol/errors';

/** Times of {@link withLockFile}. */
export interface LockFileOptions {
  /** A lock that nobody let go of for so long, ms, is taken for a dead process's. Default 10,000. */
  readonly staleMs?: number;
  /** How long to wait for the lock in all, ms. Default 20,000. */
  readonly waitMs?: number;
}

/**
 * Does something while no other process that uses the same lock file does. Age is measured by watching the same lock stay,
 * not by the file's time: clocks jump, and are not the same on two machines.
 *
 * @param work gets a function that rejects when the lock was taken away meanwhile: to be asked before what cannot be undone.
 * @throws ReverseHttpError `timeout` when the lock was not to be had
 */
export async function withLockFile<T>(
  path: string,
  work: (assertHeld: () => Promise<void>) => Promise<T>,
  options: LockFileOptions = {},
): Promise<T> {
  const mark = `${process.pid} ${randomBytes(12).toString('hex')}`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await acquire(path, mark, options);
  const isHeld = async (): Promise<boolean> => (await readMark(path)) === mark;
  try {
    return await work(async () => {
      if (!(await isHeld())) throw new ReverseHttpError('timeout', `${path}: the lock was lost, nothing was changed`);
    });
  } finally {
    if (await isHeld()) await rm(path, { force: true });
  }
}

async function acquire(path: string, mark: string, options: LockFileOptions): Promise<void> {
  const { staleMs = 10_000, waitMs = 20_000 } = options;
  const startedAt = performance.now();
  let holder: string | undefined;
  let since = startedAt;
  while (!(await take(path, mark))) {
    const now = performance.now();
    const seen = await readMark(path);
    if (seen !== holder) {
      holder = seen;
      since = now;
    } else if (seen !== undefined && now - since > staleMs) {
      await clear(path, seen);
      continue;
    }
    if (now - startedAt > waitMs) {
      const who = holder === undefined ? 'another process' : `process ${holder.split(' ')[0]}`;
      throw new ReverseHttpError('timeout', `${path}: ${who} holds the lock; remove the file if nothing runs`);
    }
    await sleep(5 + Math.random() * 20);
  }
}

async function take(path: string, mark: string): Promise<boolean> {
  try {
    await writeFile(path, mark, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a dead process's lock. Two may find it dead at once, and the slower must not remove the quicker one's new lock. */
async function clear(path: string, dead: string): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
    if ((await readMark(aside)) !== dead) await link(aside, path);
  } catch {
    // Somebody else was quicker; the next look tells.
  } finally {
    await rm(aside, { force: true });
  }
}

async function readMark(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
