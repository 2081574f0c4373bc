import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkDocs } from '../check-docs.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'docs-'));
  mkdirSync(join(root, 'packages/one/src/deep'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

function check(source: string, names = 'first, type Second as Other'): string[] {
  const write = (name: string, text: string): void => writeFileSync(join(root, 'packages/one', name), text);
  write('package.json', '{"exports":{"./deep":{"types":"./dist/deep/index.d.ts","default":"./dist/deep/index.js"}}}');
  write('src/deep/index.ts', `export {\n  ${names},\n} from '../names.js';\nexport { far } from 'elsewhere';\n`);
  write('src/names.ts', source);
  return checkDocs(root, ['one']);
}

test('names with a doc comment are fine', () => {
  expect(check('/** What. */\nexport const first = 1;\n\n/**\n * What.\n */\nexport interface Second {}\n')).toEqual(
    [],
  );
});

test('names without one, or that are not there, are told', () => {
  expect(check('/** What. */\n\nexport function first(): void {}\nexport type Second = 1;\n')).toEqual([
    'packages/one/src/names.ts:3: first has no doc comment',
    'packages/one/src/names.ts:4: Second has no doc comment',
  ]);
  expect(check('', 'first')).toEqual([
    'packages/one/src/names.ts: declares no first, which packages/one/src/deep/index.ts exports',
  ]);
});
