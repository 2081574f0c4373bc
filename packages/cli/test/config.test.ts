import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Bench, createBench } from './support/rhttp.js';

let bench: Bench;
beforeAll(() => {
  bench = createBench();
});
afterAll(() => bench.end());

/** What `config check` says about a text, line by line. */
async function check(
  text: string,
  env: Record<string, string> = {},
): Promise<{ code: number | null; lines: string[] }> {
  writeFileSync(join(bench.folder, 'rhttp.yaml'), text);
  const { code, out, err } = await bench.run(['config', 'check', 'rhttp.yaml'], env);
  return { code, lines: [out, err].join('\n').split('\n').filter(Boolean) };
}

const whole = `version: 1
publicUrl: https://gw.example.com
listeners:
  - address: 0.0.0.0:443
    hosts: [gw.example.com]
    routes: [{ host: "*.gw.example.com" }, { path: /gw }]
  - address: 127.0.0.1:9001
    routes: [{ target: A }]
    transparent: true
admin: { address: 127.0.0.1:8081 }
connectors:
  tokens: ./tokens.json
  keepAlive: { default: 15s, max: 30m }
deadlines: { hold: 5s, firstByte: 60s, idle: off, total: off }
limits: { requestBody: off, headBytes: 32KiB, sessionsPerToken: 10000, hellosPerSecond: 500 }
targets:
  - match: "line-4-*"
    deadlines: { hold: 30s }
    limits: { concurrent: 20, requestsPerSecond: 50 }
    replicas: share
    affinity: none
    retry: off
log: { query: false, peer: full }
`;

test('the whole vocabulary is fine', async () => {
  expect(await check(whole)).toEqual({ code: 0, lines: ['rhttp.yaml is fine'] });
});

test('who may connect is no matter of the file', async () => {
  expect(await check('auth: none\n')).toEqual({
    code: 1,
    lines: [
      'rhttp.yaml:1:1: auth: has no place in a file: connectors.tokens names the tokens, and --auth none must be typed',
    ],
  });
});

test('all problems at once, each with its line and column', async () => {
  const text = `version: 1
listeners:
  - address: 8080
    routes: [{ path: gw }]
    trasparent: true
deadlines:
  hold: five seconds
admin: { address: 127.0.0.1:8081, tokn: x }
`;
  const { code, lines } = await check(text);
  expect(code).toBe(1);
  expect(lines.map((line) => /^rhttp\.yaml:\d+:\d+: [\w.[\]]+/.exec(line)?.[0])).toEqual([
    'rhttp.yaml:3:5: listeners[0].address',
    'rhttp.yaml:4:14: listeners[0].routes[0]',
    'rhttp.yaml:5:5: listeners[0].trasparent',
    'rhttp.yaml:7:3: deadlines.hold',
    'rhttp.yaml:8:35: admin.tokn',
  ]);
  expect(lines[2]).toContain('did you mean "transparent"?');
  expect(lines[3]).toContain('a duration such as 250ms, 5s, 1m, 90d or off');
});

test('what is no YAML is told where it breaks', async () => {
  const { code, lines } = await check('listeners: [\n  - port: 1\n');
  expect(code).toBe(1);
  expect(lines[0]).toMatch(/^rhttp\.yaml:\d+:\d+: /);
  expect((await check('admin: off\nadmin: off\n')).lines[0]).toMatch(/^rhttp\.yaml:2:1: .*unique/);
});

test('values come from the environment and from files', async () => {
  writeFileSync(join(bench.folder, 'public-url'), 'https://gw.example.com\n');
  const text = `publicUrl: file:public-url\nlisteners:\n  - host: \${LISTEN_ON}\n    port: \${PORT}\n`;
  expect(await check(text, { PORT: '443', LISTEN_ON: '127.0.0.1' })).toMatchObject({ code: 0 });
  expect((await check(text, { PORT: '443' })).lines).toEqual([
    'rhttp.yaml:3:11: the environment variable LISTEN_ON is not set',
  ]);
  expect((await check('publicUrl: file:nowhere\n')).lines[0]).toMatch(
    /^rhttp\.yaml:1:12: \/.*\/nowhere cannot be read \(ENOENT\)$/,
  );
  const { out } = await bench.run(['config', 'show', 'rhttp.yaml', '--json']).then(async () => {
    writeFileSync(join(bench.folder, 'rhttp.yaml'), text);
    return bench.run(['config', 'show', 'rhttp.yaml', '--json'], { PORT: '443', LISTEN_ON: '0.0.0.0' });
  });
  expect(JSON.parse(out)).toMatchObject({
    publicUrl: 'https://gw.example.com',
    listeners: [{ address: '0.0.0.0:443' }],
  });
});

test.each(['tls', 'visitors', 'jwt'])('%s comes later, and that is what is said', async (name) => {
  const texts: Record<string, string> = {
    tls: 'listeners: [{ port: 443, tls: { cert: a, key: b } }]',
    visitors: 'targets: [{ match: A, visitors: { allow: [] } }]',
    jwt: 'connectors: { jwt: { jwks: https://id.example.com/jwks.json } }',
  };
  const { code, lines } = await check(texts[name]!);
  expect(code).toBe(1);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(new RegExp(`^rhttp\\.yaml:1:\\d+: .*${name}: comes later`));
});

test('show fills in what holds, masks secrets, and prints what the check takes', async () => {
  writeFileSync(join(bench.folder, 'rhttp.yaml'), `admin: { address: 127.0.0.1:9999, token: "\${ADMIN}" }\n`);
  const { code, out } = await bench.run(['config', 'show', 'rhttp.yaml'], { ADMIN: 'very-secret' });
  expect(code).toBe(0);
  expect(out).not.toContain('very-secret');
  expect(parse(out)).toMatchObject({
    version: 1,
    listeners: [{ address: '127.0.0.1:8080', routes: [{ host: '*.localhost' }, { path: '/gw' }] }],
    admin: { address: '127.0.0.1:9999', token: '********' },
    deadlines: { hold: '5s', firstByte: '60s', idle: 'off', total: 'off' },
    limits: { requestBody: 'off', headBytes: '32KiB' },
    log: { query: false, peer: 'full' },
  });
  expect(await check(out)).toEqual({ code: 0, lines: ['rhttp.yaml is fine'] });
  expect(await check((await bench.run(['config', 'show'])).out)).toEqual({ code: 0, lines: ['rhttp.yaml is fine'] });
});
