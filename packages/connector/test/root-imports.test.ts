import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const packages = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** What a module imports, types too. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(
    /^(?:import|export)\b[^;]*?\bfrom\s*'([^']+)'|^import\s*'([^']+)'|\bimport\(\s*'([^']+)'/gm,
  );
  return [...found].map(([, a, b, c]) => a ?? b ?? c ?? '');
}

/** Every module that the one at `entry` leads to, and what else they import. */
function walk(entry: string): { files: Set<string>; foreign: Set<string> } {
  const files = new Set<string>();
  const foreign = new Set<string>();
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    for (const specifier of importsOf(file)) {
      const own = /^@reverse-http\/protocol\/(.+)$/.exec(specifier);
      if (own) waiting.push(join(packages, 'protocol/src', own[1]!, 'index.ts'));
      else if (specifier.startsWith('.')) waiting.push(resolve(dirname(file), specifier.replace(/\.js$/, '.ts')));
      else foreign.add(specifier);
    }
  }
  return { files, foreign };
}

it('the root entry leads to nothing of Node and to no package', () => {
  const { files, foreign } = walk(join(packages, 'connector/src/index.ts'));
  expect([...foreign]).toEqual([]);
  expect([...files].filter((file) => file.includes('connector/src/node/'))).toEqual([]);
  expect(files.size).toBeGreaterThan(60);
});

it('the walk would find them', () => {
  const { foreign } = walk(join(packages, 'connector/src/node/index.ts'));
  expect([...foreign]).toEqual(expect.arrayContaining(['node:http', 'ws']));
});
