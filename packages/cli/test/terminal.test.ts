import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Io } from '../src/io.js';
import { run } from '../src/run.js';
import { type Bench, createBench, type StartedGateway } from './support/rhttp.js';

let bench: Bench;
let gateway: StartedGateway;
beforeAll(async () => {
  bench = createBench();
  gateway = await bench.gateway();
});
afterAll(() => bench.end());

/** The command in this process, before a terminal or not. */
async function atTerminal(args: readonly string[], isTTY: boolean, env: Record<string, string> = {}) {
  let out = '';
  let err = '';
  const io: Io = {
    env: { RHTTP_STATE_DIR: `${bench.folder}/elsewhere`, ...env },
    cwd: bench.folder,
    stdout: { isTTY, write: (text) => (out += text) },
    stderr: { isTTY, write: (text) => (err += text) },
    onSignal: () => () => {},
  };
  const code = await run(args, io);
  return { code, out, err };
}

test('on a terminal a refused credential ends it with 3, in colour', async () => {
  const args = ['connect', '1', '--target', 'A', '--gateway', gateway.url];
  const { code, out } = await atTerminal(args, true);
  expect(code).toBe(3);
  expect(out).toMatch(/^\u001b\[33mRefused: .* asks for a token: .*\u001b\[39m\n$/);
});

test.each([
  ['NO_COLOR', true, { NO_COLOR: '1' }],
  ['a dumb terminal', true, { TERM: 'dumb' }],
  ['no terminal', false, {}],
])('no colours: %s', async (_, isTTY, env) => {
  const args = ['connect', '1', '--target', 'A', '--gateway', gateway.url, '--on-refused', 'exit'];
  const { out } = await atTerminal(args, isTTY, env as Record<string, string>);
  expect(out).toMatch(/^Refused: /);
});

test('a variable says no to a flag as well as yes', async () => {
  expect((await atTerminal(['token', 'list'], false, { RHTTP_JSON: '0' })).out).toBe('');
  expect((await atTerminal(['token', 'list'], false, { RHTTP_JSON: '1' })).out).toBe('{"tokens":[]}\n');
  expect((await atTerminal(['token', 'list'], false, { RHTTP_JSON: '' })).out).toBe('');
});
