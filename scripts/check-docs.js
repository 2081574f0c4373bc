// Whether every name that a public package exports says what it is for: a doc comment stands right before its declaration.

import { readFileSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGES = ['protocol', 'connector', 'gateway'];

/** `export { a, type B as C } from './file.js';`; what comes from another package is checked there. */
const EXPORTS = /^export (?:type )?\{(?<names>[^}]*)\} from '(?<from>\.[^']*)';/gm;

/**
 * Checks what the entry points of the packages below `root` export.
 *
 * @param {string} root the repository's folder
 * @param {readonly string[]} [packages]
 * @returns {string[]} one line a name without a doc comment; empty when all have one
 */
export function checkDocs(root, packages = PACKAGES) {
  return packages.flatMap((name) => {
    const folder = `packages/${name}`;
    const { exports } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const entries = Object.values(exports).map(({ types }) =>
      posix.join(folder, types.replace('/dist/', '/src/').replace(/\.d\.ts$/, '.ts')),
    );
    return entries.flatMap((entry) => undocumentedOf(root, entry));
  });
}

/** @type {(root: string, entry: string) => string[]} */
function undocumentedOf(root, entry) {
  const text = readFileSync(join(root, entry), 'utf8');
  return [...text.matchAll(EXPORTS)].flatMap(({ groups }) => {
    const file = posix.join(posix.dirname(entry), (groups?.from ?? '').replace(/\.js$/, '.ts'));
    const source = readFileSync(join(root, file), 'utf8');
    return namesOf(groups?.names ?? '').flatMap((name) => {
      const declared = declarationOf(source, name);
      if (declared === undefined) return [`${file}: declares no ${name}, which ${entry} exports`];
      return declared.documented ? [] : [`${file}:${declared.line}: ${name} has no doc comment`];
    });
  });
}

/** @type {(list: string) => string[]} */
function namesOf(list) {
  const names = list.split(',').map((each) => each.trim().replace(/^type /, ''));
  return names.filter((name) => name !== '').map((name) => name.split(' as ')[0] ?? name);
}

/** @type {(source: string, name: string) => { line: number, documented: boolean } | undefined} */
function declarationOf(source, name) {
  // The first one where a function has several: the others say the same with other types.
  const pattern = new RegExp(
    `^export (?:abstract class|async function\\*?|function\\*?|class|interface|type|const) ${name}\\b`,
    'm',
  );
  const found = pattern.exec(source);
  if (!found) return undefined;
  const before = source.slice(0, found.index);
  return { line: before.split('\n').length, documented: before.endsWith('*/\n') };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
  const problems = checkDocs(root);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
