import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces a file's content so that every reader, and a machine that loses its power, finds the old one or the new one
 * whole. The file is the owner's alone (0600).
 *
 * @param mayReplace asked last, right before the new content takes the place of the old; rejects to leave the old.
 */
export async function writeAtomically(path: string, text: string, mayReplace: () => Promise<void>): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeDraft(draft, text, path);
    await mayReplace();
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

async function writeDraft(draft: string, text: string, path: string): Promise<void> {
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
    // When root runs the command, the gateway's user must be able to read what it wrote.
    const old = await stat(path).catch(() => undefined);
    if (old) await file.chown(old.uid, old.gid).catch(() => {});
  } finally {
    await file.close();
  }
}

/** The new name is on the disk, too. Not every system can sync a folder; there the rename is as safe as it gets. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {}
}
