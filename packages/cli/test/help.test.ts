import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProgram } from '../src/program.js';
import { version } from '../src/version.js';
import { type Bench, createBench } from './support/rhttp.js';

let bench: Bench;
beforeAll(() => {
  bench = createBench();
});
afterAll(() => bench.end());

const io = { env: {}, cwd: '/', stdout: process.stdout, stderr: process.stderr, onSignal: () => () => {} };

/** Every command that there is, as it is typed. */
function commandsBelow(command: Command, words: string[] = []): { words: string[]; command: Command }[] {
  const visible = command.createHelp().visibleCommands(command);
  const below = visible
    .filter((each) => each.name() !== 'help')
    .flatMap((each) => commandsBelow(each, [...words, each.name()]));
  return [{ words, command }, ...below];
}

const all = commandsBelow(createProgram(io, () => {}));

test.each(all.map(({ words, command }) => [['rhttp', ...words].join(' '), words, command] as const))(
  '%s --help is complete',
  async (_, words, command) => {
    const { code, out, err } = await bench.run([...words, '--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const option of command.options) {
      expect(out).toContain(option.long);
      if (!option.long?.match(/^--(?:version|help)$/)) expect(out, option.flags).toMatch(/\[RHTTP_[A-Z_]+\]/);
      expect(option.description.length, option.flags).toBeGreaterThan(5);
    }
    for (const sub of command.createHelp().visibleCommands(command)) expect(out).toContain(sub.name());
    // Those of one command with several below stand with it.
    if (words.length < 2) expect(out).toContain('Examples:');
    expect(out).not.toContain('\u001b');
  },
);

test('the same environment variable never means two things', () => {
  const meanings = new Map<string, string>();
  for (const { command } of all) {
    for (const { description, long } of command.options) {
      const variable = /\[(RHTTP_\w+)\]/.exec(description)?.[1];
      if (variable === undefined) continue;
      expect(meanings.get(variable) ?? long).toBe(long);
      meanings.set(variable, long!);
    }
  }
});

test('the version is that of the package', async () => {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  expect(version).toBe(manifest.version);
  expect(await bench.run(['--version'])).toEqual({ code: 0, out: manifest.version, err: '' });
});

test('no words at all print what there is, and are wrong usage', async () => {
  const { code, out, err } = await bench.run([]);
  expect(code).toBe(2);
  expect(out + err).toContain('rhttp connect 3000 --target A');
});

test('the command says so where nothing is built yet', () => {
  const copy = join(bench.folder, 'bin');
  mkdirSync(copy);
  writeFileSync(join(bench.folder, 'package.json'), '{ "type": "module" }');
  copyFileSync(fileURLToPath(new URL('../bin/rhttp.js', import.meta.url)), join(copy, 'rhttp.js'));
  const { status, stderr } = spawnSync(process.execPath, [join(copy, 'rhttp.js')], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 1, stderr: 'rhttp is not built yet: run npm run build\n' });
});

test.each([
  ['RHTTP_STATE_DIR', { RHTTP_STATE_DIR: 'mine', XDG_STATE_HOME: '/nowhere' }, 'mine/tokens.json'],
  ['XDG_STATE_HOME', { XDG_STATE_HOME: 'xdg', HOME: '/nowhere' }, 'xdg/rhttp/tokens.json'],
  ['HOME', { HOME: 'home' }, 'home/.local/state/rhttp/tokens.json'],
])('the state directory: %s', async (_, names, file) => {
  const env = Object.entries(names).map(([name, path]) => [name, join(bench.folder, path)]);
  const { code } = await bench.run(['token', 'create'], { RHTTP_STATE_DIR: '', ...Object.fromEntries(env) });
  expect(code).toBe(0);
  expect(existsSync(join(bench.folder, file))).toBe(true);
});
