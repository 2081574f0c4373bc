import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Writes a file that its owner alone can read, whole or not at all. */
export function writeSecretFile(path: string, text: string): void {
  const draft = `${path}.${process.pid}.new`;
  rmSync(draft, { force: true });
  // wx: a file that somebody else laid there with other rights is not written into.
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
  renameSync(draft, path);
}

/** A file's text without the line end that editors add; undefined when the file is not there. */
export function readSecretFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
