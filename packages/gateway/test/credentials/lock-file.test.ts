import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLockFile } from '../../src/credentials/lock-file.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhttp-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true }));

test('one at a time, and it is let go of after an error as well', async () => {
  let inside = 0;
  let most = 0;
  const enter = (): Promise<void> =>
    withLockFile(path, async (assertHeld) => {
      most = Math.max(most, ++inside);
      await assertHeld();
      inside--;
      throw new Error('a failure');
    });
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, enter));
  expect(outcomes.every((outcome) => outcome.status === 'rejected' && outcome.reason.message === 'a failure')).toBe(
    true,
  );
  expect(most).toBe(1);
  expect(await readdir(folder)).toEqual([]);
});

test('a dead process`s lock is taken over, by one only', async () => {
  await writeFile(path, '4194305 dead');
  let inside = 0;
  let most = 0;
  const enter = (): Promise<void> =>
    withLockFile(
      path,
      async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
      },
      { staleMs: 100 },
    );
  await Promise.all(Array.from({ length: 5 }, enter));
  expect(most).toBe(1);
  expect(await readdir(folder)).toEqual([]);
});

test('a lock that is not to be had names who holds it', async () => {
  await writeFile(path, '4711 alive');
  const attempt = withLockFile(path, async () => {}, { waitMs: 30 });
  await expect(attempt).rejects.toMatchObject({
    code: 'timeout',
    message: `${path}: process 4711 holds the lock; remove the file if nothing runs`,
  });
  expect(await readFile(path, 'utf8')).toBe('4711 alive');
});

test('who lost the lock is told before it is too late, and does not remove the next one`s', async () => {
  const attempt = withLockFile(path, async (assertHeld) => {
    await writeFile(path, '4711 other');
    await assertHeld();
  });
  await expect(attempt).rejects.toMatchObject({
    code: 'timeout',
    message: expect.stringMatching(/nothing was changed/),
  });
  expect(await readFile(path, 'utf8')).toBe('4711 other');
});
