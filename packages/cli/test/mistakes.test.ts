import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Mistake, mistakes } from './mistakes.js';
import { type Bench, createBench } from './support/rhttp.js';
import { listenSelfSigned } from './support/self-signed.js';
import { freePort, type Listening, listenHttp, listenRaw } from './support/servers.js';

const page = fileURLToPath(new URL('../../../docs/mistakes.md', import.meta.url));
/** What the page shows in the place of a name that only this run has. */
const shown: Readonly<Record<string, string>> = {
  gateway: 'http://localhost:8080',
  nobody: 'http://localhost:8080',
  nobodyport: '8080',
  website: 'https://www.example.com',
  remote: 'https://gw.example.com',
  remotehost: 'gw.example.com',
  strictproxy: '3128',
  narrowproxy: '3128',
  taken: '8080',
  silent: '3000',
  selfsigned: '8443',
  cut: 'token',
  revoked: 'token',
  expired: 'token',
  narrow: 'token',
  elsewhere: '~/.local/state/rhttp',
  id: '5f3a91c2d4e5',
  time: '2026-03-01T12:00:00.000Z',
};

let bench: Bench;
let places: Record<string, string>;
const servers: Listening<unknown>[] = [];

beforeAll(async () => {
  bench = createBench();
  const gateway = await bench.gateway();
  const website = await listenHttp((_, response) => response.writeHead(404).end('not here'));
  const secure = await listenSelfSigned(bench.folder);
  const strict = await listenRaw('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
  const narrow = await listenRaw('HTTP/1.0 403 Forbidden\r\n\r\n');
  servers.push(website, secure, strict, narrow);
  const token = async (...args: string[]): Promise<string> => (await bench.run(['token', 'create', ...args])).out;
  const file = (name: string, text: string): string => {
    writeFileSync(join(bench.folder, name), text, { mode: 0o600 });
    return name;
  };
  const revoked = await token();
  await bench.run(['token', 'revoke', idOf(revoked)]);
  const unused = String(await freePort());
  places = {
    gateway: gateway.url.replace('127.0.0.1', 'localhost'),
    nobody: `http://localhost:${unused}`,
    nobodyport: unused,
    website: `http://localhost:${website.port}`,
    remote: 'https://gw.invalid',
    remotehost: 'gw.invalid',
    strictproxy: String(strict.port),
    narrowproxy: String(narrow.port),
    taken: String(website.port),
    silent: String(await freePort()),
    selfsigned: String(secure.port),
    cut: file('cut', (await token()).slice(0, -4)),
    revoked: file('revoked', revoked),
    expired: file('expired', await token('--expires', '1ms')),
    narrow: file('narrow', await token('--target', 'B')),
    elsewhere: join(bench.folder, 'elsewhere'),
  };
  mkdirSync(places.elsewhere!);
  file('broken.yaml', 'listeners:\n  - port: 80: 80\n');
  file('slip.yaml', 'version: 1\nlisteners:\n  - prot: 8080\n');
});

afterAll(async () => {
  await bench.end();
  await Promise.all(servers.map((server) => server.close()));
});

test.each(mistakes.map((each) => [`${each.mistake}: ${each.typed}`, each] as const))('%s', async (_, mistake) => {
  const { args, env } = words(filled(mistake.typed));
  const line = patternOf(mistake.line);
  if (mistake.exit === undefined) {
    const rhttp = bench.start(args, env);
    await rhttp.line(line);
    expect(rhttp.child.exitCode).toBeNull();
    return;
  }
  const { code, out, err } = await bench.run(args, env);
  // One clear line, and nothing that looks like a bug of ours.
  expect({
    code,
    lines: `${out}\n${err}`.split('\n').filter((each) => each && !/^Nothing listens on /.test(each)),
  }).toEqual({
    code: mistake.exit,
    lines: [expect.stringMatching(line)],
  });
});

test('the page shows the table', () => {
  const text = pageOf(mistakes);
  if (process.env.UPDATE_DOCS) writeFileSync(page, text);
  expect(readFileSync(page, 'utf8')).toBe(text);
});

function pageOf(table: readonly Mistake[]): string {
  const rows = table.map(({ mistake, typed, line, exit }) => {
    const then = exit === undefined ? 'goes on' : String(exit);
    return `| ${mistake} | \`${display(typed)}\` | ${cell(display(line))} | ${then} |`;
  });
  return `# Mistakes, and the line that each gets

Whatever goes wrong is told in one line, without a stack trace; the exit code says of what kind it is: 1 failed, 2 wrong usage,
3 refused by the gateway. What waiting can mend is waited for: the command goes on. \`RHTTP_DEBUG=1\` adds a stack, for a bug report.

This table is what \`packages/cli/test/mistakes.test.ts\` types and compares (\`UPDATE_DOCS=1 npx vitest run packages/cli/test/mistakes.test.ts\`
writes the page anew).

| mistake | typed | line | exit |
|---|---|---|---|
${rows.join('\n')}
`;
}

function display(text: string): string {
  return text.replace(/RHTTP_STATE_DIR=\S+ /, '').replace(/\{(\w+)\}/g, (_, name: string) => shown[name]!);
}

function cell(text: string): string {
  return text.replace(/[|*<>]/g, (c) => `\\${c}`);
}

function filled(text: string): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => places[name]!);
}

/** As a shell would take it apart, as far as the table needs one. */
function words(typed: string): { readonly args: string[]; readonly env: Record<string, string> } {
  const all = typed.split(' ');
  const at = all.indexOf('rhttp');
  const env = Object.fromEntries(all.slice(0, at).map((each) => each.split('=') as [string, string]));
  return { args: all.slice(at + 1), env };
}

function idOf(token: string): string {
  return token.split('_')[1]!;
}

/** The whole line, with what only this run has filled in, and what no run knows before left open. */
function patternOf(line: string): RegExp {
  const open: Readonly<Record<string, string>> = { id: '[0-9a-f]+', time: '\\S+Z' };
  const parts = line
    .split(/\{(\w+)\}/)
    .map((part, i) => (i % 2 ? (open[part] ?? escaped(places[part]!)) : escaped(part)));
  return new RegExp(`^${parts.join('')}$`);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
