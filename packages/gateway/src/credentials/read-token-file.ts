import { readFileSync, realpathSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseTokenFile, type TokenRecord } from './token-file.js';

/** What a file looks like from outside: as long as it stays, so does the content. */
export type FileStamp = string;

const missing = 'ENOENT';

/** Where a path leads, links followed: a link is not to be replaced by what is written. */
export function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

/** Reads the file at a start; a missing one has no records. Throws what is wrong with it. */
export function readTokenFileNow(path: string): {
  readonly stamp: FileStamp;
  readonly records: readonly TokenRecord[];
} {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stats) return { stamp: missing, records: [] };
  return { stamp: formatStamp(stats), records: parseTokenFile(readFileSync(path, 'utf8'), path) };
}

/** Rejects with what is wrong, a file that is not there included. */
export async function readTokenFile(path: string): Promise<readonly TokenRecord[]> {
  return parseTokenFile(await readFile(path, 'utf8'), path);
}

/** What the file looks like now; the error's code where it cannot be looked at. */
export async function stampOf(path: string): Promise<FileStamp> {
  try {
    return formatStamp(await stat(path, { bigint: true }));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

/** Whether an error says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === missing;
}

interface Stats {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

function formatStamp({ ino, size, mtimeNs, ctimeNs }: Stats): FileStamp {
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
