import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { createGateway } from '@reverse-http/gateway';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = ['README.md', 'docs/library.md', 'docs/testing.md'];

const gateway = createGateway({ listeners: [{ port: 0 }] });
const origin = createServer((_request, response) => response.end('from the origin\n'));

beforeAll(async () => {
  await gateway.start();
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await gateway.close();
  origin.close();
});

/** The blocks marked `js` of a page, each with the line it begins at. */
function blocksOf(page: string): { readonly line: number; readonly code: string }[] {
  const content = readFileSync(root + page, 'utf8');
  return [...content.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => ({
    line: content.slice(0, match.index).split('\n').length + 1,
    code: match[1]!,
  }));
}

/** What the pages leave to the reader, and a list of what a block opens. */
const preamble = `
const reader = { token: process.env.RHTTP_TOKEN, app: (request, response) => response.end('the app\\n') };
const opened = [];
const opening = (open) => (...args) => { const one = open(...args); opened.unshift(one); return one; };
`;

/** Each target that is connected answers; what is left open is closed, and then nothing keeps the process. */
const epilogue = `
for (const connection of opened.filter((one) => 'ready' in one && !['refused', 'closed'].includes(one.state.state))) {
  const { url } = await connection.ready;
  const response = await fetch(url);
  console.log('answered', response.status, await response.text());
}
for (const one of opened) await one.close();
`;

/** A block as it is run: with the test's gateway, ports and origin in the place of the page's. */
function programOf(code: string): string {
  const { port } = origin.address() as AddressInfo;
  const program = code
    .replace(
      /^(import \{.*)\b(connect|createGateway)\b(.*\} from '@reverse-http\/.*';)$/gm,
      '$1$2 as open_$2$3\nconst $2 = opening(open_$2);',
    )
    .replaceAll(/https:\/\/gw\.example\.com|http:\/\/localhost:8080/g, gateway.url!)
    .replaceAll(/port: 808\d/g, 'port: 0')
    .replaceAll(/\b3000\b/g, String(port));
  const missing = ['token', 'app'].filter((name) => !program.includes(`const ${name} =`));
  return `${preamble}const { ${missing.join(', ')} } = reader;\n${program}${epilogue}`;
}

/** Runs it in a process of its own; what it printed. */
async function run(code: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', programOf(code)], {
    cwd: root,
    env: { ...process.env, RHTTP_TOKEN: gateway.token },
    timeout: 15_000,
  });
  const output = text(child.stdout);
  const complaints = text(child.stderr);
  const [exitCode] = await once(child, 'close');
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${await complaints}`);
  return await output;
}

for (const page of pages) {
  describe(page, () => {
    const blocks = blocksOf(page);
    test('has blocks to run', () => expect(blocks.length).toBeGreaterThan(1));
    test.each(blocks)('the block at line $line runs, and leaves nothing', async ({ code }) => {
      const output = await run(code);
      for (const [, status] of output.matchAll(/^answered (\d+)/gm)) expect(status).toBe('200');
      const connects =
        code.includes('connect(') && !code.includes('a wrong one') && !/(?:connection|gateway)\.close\(\);/.test(code);
      if (connects) expect(output).toMatch(/^answered 200/m);
    });
  });
}

test.each([
  ['connector/src/connect-options.ts', 'ConnectOptions'],
  ['connector/src/connect.ts', 'FetchConnectOptions'],
  ['connector/src/node/connect.ts', 'NodeConnectOptions'],
  ['connector/src/node/origin/origin-options.ts', 'OriginOptions'],
  ['connector/src/connection.ts', 'Connection'],
  ['gateway/src/gateway-options.ts', 'GatewayOptions'],
  ['gateway/src/gateway-options.ts', 'ListenerOptions'],
  ['gateway/src/gateway.ts', 'Gateway'],
  ['gateway/src/testing/test-gateway.ts', 'TestGateway', 'docs/testing.md'],
  ['gateway/src/testing/test-gateway.ts', 'TestRequestInit', 'docs/testing.md'],
  ['gateway/src/testing/test-link.ts', 'TestLink', 'docs/testing.md'],
  ['gateway/src/testing/test-clock.ts', 'TestClock', 'docs/testing.md'],
])('every member is on its page: %s, %s', (file, name, where = 'docs/library.md') => {
  const source = readFileSync(`${root}packages/${file}`, 'utf8');
  const body = new RegExp(`^export interface ${name}\\b.*?^}`, 'ms').exec(source)![0];
  const members = [...body.matchAll(/^ {2}(?:readonly )?(\w+)(?:\??:|\()/gm)].map((match) => match[1]!);
  expect(members.length).toBeGreaterThan(1);
  const page = readFileSync(`${root}${where}`, 'utf8');
  expect(members.filter((member) => !new RegExp(`\`${member}\\b`).test(page))).toEqual([]);
});

test('every link of the pages leads somewhere', () => {
  for (const page of [
    ...pages,
    'docs/README.md',
    'docs/answers.md',
    'docs/command.md',
    'docs/forwarding.md',
    'docs/admin-api.md',
    'examples/README.md',
  ]) {
    const content = readFileSync(root + page, 'utf8');
    const base = new URL(page, `file://${root}`);
    for (const [, link] of content.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
      if (/^https?:/.test(link!)) continue;
      expect(() => readFileSync(new URL(link!, base)), `${page}: ${link}`).not.toThrow(/ENOENT/);
    }
  }
});

test('ARCHITECTURE.md names files that are there, and every folder', () => {
  const page = readFileSync(`${root}ARCHITECTURE.md`, 'utf8');
  const packages = ['protocol', 'connector', 'gateway', 'cli'];
  const entries = packages.flatMap((name) =>
    readdirSync(`${root}packages/${name}/src`, { recursive: true, withFileTypes: true }).map((entry) => ({
      path: `${entry.parentPath}/${entry.name}`.slice(`${root}packages/`.length).replace('/src/', '/'),
      isFolder: entry.isDirectory(),
    })),
  );
  const files = entries.filter(({ isFolder }) => !isFolder).map(({ path }) => `/${path}`);
  const named = [...page.matchAll(/`([\w/-]+\.ts)`/g)].map((match) => match[1]!);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !files.some((file) => file.endsWith(`/${name}`)))).toEqual([]);
  const folders = entries.filter(({ isFolder, path }) => isFolder && path.split('/').length === 2);
  expect(folders.filter(({ path }) => !page.includes(`${path.split('/')[1]}/`))).toEqual([]);
});
