import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSecretFile, writeSecretFile } from '../src/state/secret-file.js';
import { type Bench, createBench } from './support/rhttp.js';

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.end());

test('a directory that others may write in is told of', async () => {
  const warning = `Warning: other users may write in ${bench.state}, and so say whose tokens are good: chmod 700 ${bench.state}`;
  expect((await bench.run(['token', 'create'])).err).not.toContain('Warning');
  expect(statSync(bench.state).mode & 0o077).toBe(0);
  chmodSync(bench.state, 0o777);
  expect((await bench.run(['token', 'create'])).err.split('\n')).toContain(warning);
  chmodSync(bench.state, 0o755);
  expect((await bench.run(['token', 'create'])).err).not.toContain('Warning');
});

test('a secret is written into no file that a link leads to', () => {
  mkdirSync(bench.state, { recursive: true });
  const victim = join(bench.folder, 'victim');
  const file = join(bench.state, 'token');
  writeFileSync(victim, 'mine', { mode: 0o644 });
  symlinkSync(victim, file);
  symlinkSync(victim, `${file}.${process.pid}.new`);
  writeSecretFile(file, 'secret\n');
  expect(readFileSync(victim, 'utf8')).toBe('mine');
  expect(readSecretFile(file)).toBe('secret');
  expect(statSync(file).mode & 0o777).toBe(0o600);
});
