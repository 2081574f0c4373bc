import { closeSync, openSync, rmSync, utimesSync } from 'node:fs';
import type { Connection } from '@reverse-http/connector/node';

/** How often to look, ms: a watcher that judges by the file's age is to be wrong by no more. */
const lookMs = 1000;

/**
 * Keeps a file while the connection is ready: its time is that of the last round trip that worked. A watchdog that finds it
 * old, or not at all, knows that visitors do not get through.
 *
 * @returns stops it, and removes the file
 */
export function keepReadyFile(path: string, connection: Connection): () => void {
  let touchedAt: number | undefined;
  const look = (): void => {
    const heardAt = connection.state.state === 'ready' ? connection.lastRoundTripAt : undefined;
    if (heardAt === touchedAt) return;
    touchedAt = heardAt;
    if (heardAt === undefined) rmSync(path, { force: true });
    else touch(path, heardAt);
  };
  look();
  const timer = setInterval(look, lookMs);
  return () => {
    clearInterval(timer);
    rmSync(path, { force: true });
  };
}

function touch(path: string, time: number): void {
  closeSync(openSync(path, 'a'));
  utimesSync(path, time / 1000, time / 1000);
}
