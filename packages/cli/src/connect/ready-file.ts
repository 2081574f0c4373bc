import { closeSync, openSync, rmSync, utimesSync } from 'node:fs';
import type { Connection } from '@reverse-http/connector/node';

/** How often to look, ms: a watcher that judges by the file's age is to be wrong by no more. */
const lookMs = 1000;

/**
 * Keeps a file while the connection is ready: its time is that of the last round trip that worked. A watchdog that finds it
 * old, or not at all, knows that visitors do not get through. One that a process left that was killed is removed at once.
 *
 * @param onTrouble told once for each trouble with the file: visitors are served all the same, and it is tried again.
 * @returns stops it, and removes the file
 */
export function keepReadyFile(path: string, connection: Connection, onTrouble: (message: string) => void): () => void {
  let told = '';
  const attempt = (change: () => void): boolean => {
    try {
      change();
      told = '';
      return true;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== told) onTrouble(message);
      told = message;
      return false;
    }
  };
  const remove = (): boolean => attempt(() => rmSync(path, { force: true }));

  let shown: number | 'unknown' | undefined = 'unknown';
  const look = (): void => {
    const heardAt = connection.state.state === 'ready' ? connection.lastRoundTripAt : undefined;
    if (heardAt === shown) return;
    const isDone = heardAt === undefined ? remove() : attempt(() => touch(path, heardAt));
    shown = isDone ? heardAt : 'unknown';
  };
  look();
  const timer = setInterval(look, lookMs);
  return () => {
    clearInterval(timer);
    remove();
  };
}

function touch(path: string, time: number): void {
  closeSync(openSync(path, 'a'));
  utimesSync(path, time / 1000, time / 1000);
}
