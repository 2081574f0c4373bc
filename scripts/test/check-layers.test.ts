import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkLayers } from '../check-layers.js';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'layers-'));
  mkdirSync(join(root, 'packages'));
});
afterEach(() => rmSync(root, { recursive: true }));

function check(file: string, text: string): string[] {
  const path = join(root, 'packages', file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return checkLayers(root);
}

// file, the import it makes
const allowed: [string, string][] = [
  ['protocol/src/mux/mux.ts', `import { a } from '../errors/index.js';`],
  ['protocol/src/session/session.ts', `import { a } from '../exchange/accepted-exchange.js';`],
  ['protocol/src/mux/mux.ts', `import { a } from './frame.js';`],
  ['protocol/src/mux/deep/mux.ts', `import { a } from '../frame.js';`],
  ['connector/src/node/index.ts', `import { a } from '../link/link.js';`],
  ['gateway/src/front/http1/front.ts', `import type { Visit } from '../../visit/visit.js';`],
  ['gateway/src/forward/forward.ts', `import { a } from '../targets/registry.js';`],
  ['gateway/src/forward/forward.ts', `import type { Route } from '../routing/route.js';`],
  ['gateway/src/gateway.ts', `import { a } from './front/front.js';`],
  ['gateway/src/gateway.ts', `import type { A } from './gateway-options.js';`],
  ['gateway/src/gateway-options.ts', `import type { A } from './routing/route.js';`],
  ['gateway/src/index.ts', `export { createGateway } from './gateway.js';`],
  ['gateway/src/front/front.ts', `import { connect } from 'node:net';`],
  ['bench/src/main.ts', `import { a } from './subjects/nginx.js';`],
  ['gateway/test/front.test.ts', `import { a } from '../src/tunnel/tunnel.js';`],
];

test.each(allowed)('%s may say %s', (file, text) => {
  expect(check(file, text)).toEqual([]);
});

// file, the import it makes, the layer it reaches (or the file, where that belongs to no layer)
const forbidden: [string, string, string][] = [
  ['protocol/src/errors/reason.ts', `import { a } from '../http1/index.js';`, 'protocol/http1'],
  ['protocol/src/http1/scan-head.ts', `import { a } from '../pipe/index.js';`, 'protocol/pipe'],
  ['protocol/src/pipe/pipe.ts', `import { a } from '../mux/mux.js';`, 'protocol/mux'],
  ['protocol/src/mux/mux.ts', `import { a } from '../exchange/index.js';`, 'protocol/exchange'],
  ['protocol/src/exchange/exchange.ts', `import type { A } from '../session/index.js';`, 'protocol/session'],
  ['connector/src/connect.ts', `import { a } from './node/index.js';`, 'connector/node'],
  ['connector/src/link/link.ts', `export { a } from '../node/index.js';`, 'connector/node'],
  ['gateway/src/visit/visit.ts', `import { a } from '../front/front.js';`, 'gateway/front'],
  ['gateway/src/front/front.ts', `import { a } from '../tunnel/tunnel.js';`, 'gateway/tunnel'],
  ['gateway/src/tunnel/tunnel.ts', `import { a } from '../front/front.js';`, 'gateway/front'],
  ['gateway/src/tap/tap.ts', `import { a } from '../targets/registry.js';`, 'gateway/targets'],
  ['gateway/src/routing/route.ts', `import { a } from '../policy/policy.js';`, 'gateway/policy'],
  ['gateway/src/forward/forward.ts', `import { a } from '../routing/route.js';`, 'gateway/routing'],
  ['gateway/src/forward/forward.ts', `import { type A } from '../routing/route.js';`, 'gateway/routing'],
  ['gateway/src/forward/forward.ts', `import { a } from '../tunnel/tunnel.js';`, 'gateway/tunnel'],
  ['gateway/src/targets/registry.ts', `import { a } from '../gateway.js';`, 'gateway/gateway.ts'],
  ['gateway/src/gateway-options.ts', `import { a } from './gateway.js';`, 'gateway/gateway.ts'],
  ['gateway/src/gateway.ts', `import { a } from './index.js';`, 'gateway/index.ts'],
  ['gateway/src/front/a.ts', `import { a } from '../../../connector/src/a.js';`, 'packages/connector/src/a.ts'],
  ['gateway/src/front/a.ts', `import { a } from '../../test/a.js';`, 'packages/gateway/test/a.ts'],
  ['gateway/src/front/a.ts', `import { a } from '../cache/a.js';`, 'packages/gateway/src/cache/a.ts'],
];

test.each(forbidden)('%s may not say %s', (file, text, reached) => {
  expect(check(file, text)).toEqual([expect.stringContaining(`packages/${file}:1: imports`)]);
  expect(checkLayers(root)[0]).toContain(`(${reached}), which layer`);
});

test.each([
  `import a from '../tunnel/a.js';`,
  `import * as a from "../tunnel/a.js";`,
  `import '../tunnel/a.js';`,
  `import {\n  a,\n  type B,\n} from '../tunnel/a.js';`,
  `export * from '../tunnel/a.js';`,
  `export type { A } from '../tunnel/a.js';`,
  `export type A = typeof import('../tunnel/a.js');`,
  `  const a = await import('../tunnel/a.js');`,
])('%s is seen as an import', (text) => {
  const line = 2 + text.split('\n').length;
  expect(check('gateway/src/front/front.ts', `const before = 1;\n\n${text}\n`)).toEqual([
    `packages/gateway/src/front/front.ts:${line}: imports ../tunnel/a.js (gateway/tunnel), which layer gateway/front may not`,
  ]);
});

test.each([
  `/**\n * @example\n * import { a } from '../tunnel/a.js';\n */`,
  `// import('../tunnel/a.js')`,
  `export const text = "from '../tunnel/a.js'";`,
])('%s is not an import', (text) => {
  expect(check('gateway/src/front/front.ts', text)).toEqual([]);
});

test.each(['protocol/src/stray.ts', 'gateway/src/new/a.ts', 'new/src/a.ts'])('%s belongs to no layer', (file) => {
  expect(check(file, '')).toEqual([
    `packages/${file}:1: belongs to no layer: name its folder in scripts/check-layers.js`,
  ]);
});

test('a package without sources is no violation', () => {
  mkdirSync(join(root, 'packages/gateway/src'), { recursive: true });
  expect(checkLayers(root)).toEqual([]);
});
