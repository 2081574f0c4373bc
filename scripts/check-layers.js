// Which folder may import which: the part of the layering that lies inside a package. What a package may import from outside
// itself (other packages, node:, third parties) is in biome.json, under noRestrictedImports.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const GATEWAY_FOLDERS = [
  'memory',
  'timing',
  'machine',
  'visit',
  'credentials',
  'front',
  'routing',
  'policy',
  'targets',
  'tap',
  'forward',
  'tunnel',
  'admin',
].map((name) => `gateway/${name}`);

/**
 * A layer is a folder or file under `packages/<package>/src`, written `<package>/<path>`; a file belongs to the longest name that
 * fits it, `x/*.ts` fits the files directly in x. Beside itself it may import the layers listed; `type x` allows `import type` only.
 *
 * @type {Record<string, readonly string[]>}
 */
export const LAYERS = {
  'protocol/errors': [],
  'protocol/http1': ['protocol/errors'],
  'protocol/pipe': ['protocol/errors', 'protocol/http1'],
  'protocol/mux': ['protocol/errors', 'protocol/http1', 'protocol/pipe'],
  'protocol/exchange': ['protocol/errors', 'protocol/http1', 'protocol/pipe', 'protocol/mux'],
  'protocol/session': ['protocol/errors', 'protocol/http1', 'protocol/pipe', 'protocol/mux', 'protocol/exchange'],
  'protocol/poll': ['protocol/errors', 'protocol/http1', 'protocol/pipe', 'protocol/session'],
  'protocol/transport-suite': ['protocol/http1', 'protocol/pipe', 'protocol/mux', 'protocol/session'],

  connector: [], // everything outside node/: it runs in browsers
  'connector/node': ['connector'],

  'gateway/memory': [],
  'gateway/timing': [],
  'gateway/machine': ['gateway/timing'],
  'gateway/visit': [],
  'gateway/front': ['gateway/visit', 'gateway/timing', 'gateway/machine'],
  'gateway/routing': ['gateway/visit'],
  'gateway/policy': ['gateway/visit'],
  'gateway/targets': ['gateway/visit', 'gateway/policy'],
  'gateway/tap': ['gateway/visit'],
  'gateway/forward': [
    'gateway/memory',
    'gateway/visit',
    'gateway/timing',
    'gateway/policy',
    'gateway/targets',
    'gateway/tap',
    'type gateway/routing',
  ],
  'gateway/tunnel': ['gateway/memory', 'gateway/visit', 'gateway/policy', 'gateway/targets', 'gateway/credentials'],
  'gateway/credentials': ['gateway/policy'],
  'gateway/admin': ['gateway/credentials', 'type gateway/targets', 'type gateway/tap'],
  'gateway/gateway-options.ts': GATEWAY_FOLDERS, // types alone
  'gateway/options': ['gateway/gateway-options.ts', ...GATEWAY_FOLDERS],
  'gateway/*.ts': ['gateway/gateway-options.ts', 'gateway/options', ...GATEWAY_FOLDERS], // loose files: they join the folders
  'gateway/gateway.ts': ['gateway/*.ts', 'gateway/gateway-options.ts', 'gateway/options', ...GATEWAY_FOLDERS],
  'gateway/index.ts': [
    'gateway/*.ts',
    'gateway/gateway.ts',
    'gateway/gateway-options.ts',
    'gateway/options',
    ...GATEWAY_FOLDERS,
  ],

  'gateway/testing': [
    'gateway/gateway.ts',
    'gateway/gateway-options.ts',
    'gateway/options',
    'gateway/machine',
    'gateway/timing',
    'gateway/credentials',
  ],

  'cli/*.ts': [], // what all of it stands on: the outside world, errors, options, durations
  'cli/output': ['cli/*.ts'],
  'cli/state': ['cli/*.ts'],
  'cli/secrets': ['cli/*.ts'],
  'cli/config': ['cli/*.ts', 'cli/state'],
  'cli/admin': ['cli/*.ts', 'cli/state'],
  'cli/gateway': ['cli/*.ts', 'cli/output', 'cli/state', 'cli/config'],
  'cli/connect': ['cli/*.ts', 'cli/output', 'cli/state', 'cli/secrets', 'cli/config', 'cli/admin'],
  'cli/commands': [
    'cli/*.ts',
    ...['output', 'state', 'secrets', 'config', 'admin', 'gateway', 'connect'].map((name) => `cli/${name}`),
  ],
  'cli/program.ts': ['cli/*.ts', 'cli/commands'],
  'cli/run.ts': ['cli/*.ts', 'cli/program.ts'],
  'cli/main.ts': ['cli/*.ts', 'cli/run.ts'],

  bench: [],
};

/** Imports and re-exports that begin a line, so that the examples in comments do not count; `import()` anywhere else. */
const IMPORTS =
  /^[ \t]*(?:import|export)\b(?<type>\s+type\b)?[\w$\s{},*]*?\bfrom\s*['"](?<from>[^'"]+)['"]|^[ \t]*import\s*['"](?<effect>[^'"]+)['"]|^(?![ \t]*(?:\*|\/\/)).*?\bimport\(\s*['"](?<inline>[^'"]+)['"]/gm;

/**
 * Checks every source file of every package below `root`.
 *
 * @param {string} root the repository's folder
 * @param {Record<string, readonly string[]>} [layers]
 * @returns {string[]} one line a violation, empty when the layers hold
 */
export function checkLayers(root, layers = LAYERS) {
  return sourceFiles(join(root, 'packages')).flatMap((path) => {
    const file = relative(root, path).split(sep).join('/');
    const layer = layerOf(file, layers);
    if (layer === undefined) return [`${file}:1: belongs to no layer: name its folder in scripts/check-layers.js`];
    const text = readFileSync(path, 'utf8');
    return importsOf(text).flatMap(({ specifier, typeOnly, line }) => {
      if (!specifier.startsWith('.')) return [];
      const imported = posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts');
      const target = samePackage(file, imported) ? layerOf(imported, layers) : undefined;
      if (target !== undefined && mayImport(layers, layer, target, typeOnly)) return [];
      return [`${file}:${line}: imports ${specifier} (${target ?? imported}), which layer ${layer} may not`];
    });
  });
}

/** @type {(file: string, layers: Record<string, readonly string[]>) => string | undefined} */
function layerOf(file, layers) {
  const name = /^packages\/([^/]+)\/src\/(.+)$/.exec(file)?.slice(1).join('/') ?? '';
  const loose = name.replace(/[^/]+\.ts$/, '*.ts');
  const fits = (/** @type {string} */ layer) => name === layer || loose === layer || name.startsWith(`${layer}/`);
  return Object.keys(layers)
    .filter(fits)
    .sort((a, b) => b.length - a.length)[0];
}

/** @type {(layers: Record<string, readonly string[]>, from: string, to: string, typeOnly: boolean) => boolean} */
function mayImport(layers, from, to, typeOnly) {
  if (from === to) return true;
  const allowed = (layers[from] ?? []).flatMap((entry) => {
    if (entry.startsWith('type ')) return typeOnly ? [entry.slice(5)] : [];
    return [entry];
  });
  return allowed.includes(to);
}

/** @type {(a: string, b: string) => boolean} */
function samePackage(a, b) {
  return a.split('/').slice(0, 2).join('/') === b.split('/').slice(0, 2).join('/');
}

/** @type {(text: string) => { specifier: string; typeOnly: boolean; line: number }[]} */
function importsOf(text) {
  return [...text.matchAll(IMPORTS)].map((match) => {
    const { type, from, effect, inline } = match.groups ?? {};
    const end = match.index + match[0].length;
    return {
      specifier: from ?? effect ?? inline ?? '',
      typeOnly: type !== undefined,
      line: text.slice(0, end).split('\n').length,
    };
  });
}

/** @type {(folder: string) => string[]} */
function sourceFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => relative(folder, path).split(sep)[1] === 'src')
    .sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const violations = checkLayers(resolve(dirname(fileURLToPath(import.meta.url)), '..'));
  for (const violation of violations) console.error(violation);
  if (violations.length > 0) console.error(`layers: ${violations.length} violations`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
