import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeAtomically } from '../../src/credentials/write-atomically.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhttp-write-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('the old content is there until the new one is whole', async () => {
  const path = join(folder, 'file');
  await writeFile(path, 'old');
  await writeAtomically(path, 'new', async () => {
    expect(await readFile(path, 'utf8')).toBe('old');
  });
  expect(await readFile(path, 'utf8')).toBe('new');
  expect(await readdir(folder)).toEqual(['file']);
});

test('who may not replace it leaves it, and no draft', async () => {
  const path = join(folder, 'file');
  await writeFile(path, 'old');
  const refuse = async (): Promise<never> => {
    throw new Error('lost');
  };
  await expect(writeAtomically(path, 'new', refuse)).rejects.toThrow('lost');
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await readdir(folder)).toEqual(['file']);
});

test('a folder that is not there is made, for the owner alone', async () => {
  const inner = join(folder, 'a', 'b');
  await writeAtomically(join(inner, 'file'), 'new', async () => {});
  expect((await stat(inner)).mode & 0o777).toBe(0o700);
  expect((await stat(join(inner, 'file'))).mode & 0o777).toBe(0o600);
});
