// Whether the public packages, packed as npm would pack them, are sound: publint reads the manifest against the files, attw resolves
// the types as every module resolution would.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const PACKAGES = ['protocol', 'connector', 'gateway', 'cli'];

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** @type {(folder: string) => boolean} */
function isEmpty(folder) {
  return !existsSync(folder) || readdirSync(folder).length === 0;
}

/** @type {(folder: string) => Promise<string[]>} */
async function publintProblems(folder) {
  const { messages, pkg } = await publint({ pkgDir: folder, pack: 'npm', strict: true });
  const severe = messages.filter(({ type }) => type !== 'suggestion');
  return severe.map((message) => `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`);
}

/** @type {(folder: string) => string[]} */
function attwProblems(folder) {
  // The packages are ESM only, so resolution by CommonJS and by Node 10 is not held against them.
  const options = ['--pack', folder, '--profile', 'esm-only', '--format', 'ascii', '--no-emoji', '--no-color'];
  const run = spawnSync(join(root, 'node_modules/.bin/attw'), options, { encoding: 'utf8' });
  return run.status === 0 ? [] : [`attw:\n${run.error?.message ?? run.stdout + run.stderr}`];
}

for (const name of PACKAGES) {
  const folder = join(root, 'packages', name);
  if (isEmpty(join(folder, 'src'))) {
    console.log(`packages/${name}: no sources yet`);
    continue;
  }
  // A package that is a command alone has no types to resolve.
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const problems = [...(await publintProblems(folder)), ...(exports === undefined ? [] : attwProblems(folder))];
  console.log(`packages/${name}: ${problems.length === 0 ? 'ok' : `\n${problems.join('\n')}`}`);
  if (problems.length > 0) process.exitCode = 1;
}
