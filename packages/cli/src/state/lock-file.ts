import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { isAlive, ownMark, type ProcessMark } from './process-mark.js';
import { writeSecretFile } from './secret-file.js';

/**
 * Takes a lock that is held until the result is called or this process ends, however it ends.
 *
 * @returns undefined when another process that is alive holds it
 */
export function takeLock(path: string): (() => void) | undefined {
  const own = `${JSON.stringify({ ...ownMark(), nonce: randomBytes(8).toString('hex') })}\n`;
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  writeSecretFile(draft, own);
  try {
    // A link appears with its content, so nobody ever reads half a lock.
    if (!tryLink(draft, path)) {
      const holder = read(path);
      if (holder !== undefined && isHeld(holder)) return undefined;
      if (holder !== undefined) clear(path, holder);
      if (!tryLink(draft, path)) return undefined;
    }
  } finally {
    rmSync(draft, { force: true });
  }
  return () => {
    if (read(path) === own) rmSync(path, { force: true });
  };
}

/** Removes a dead process's lock. Two may find it dead at once, and the slower must not remove the quicker one's new lock. */
function clear(path: string, dead: string): void {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    renameSync(path, aside);
    if (read(aside) !== dead) tryLink(aside, path);
  } catch {
    // Somebody else was quicker; who has the lock now shows when it is taken.
  } finally {
    rmSync(aside, { force: true });
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isHeld(text: string): boolean {
  try {
    return isAlive(JSON.parse(text) as ProcessMark);
  } catch {
    return false;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
