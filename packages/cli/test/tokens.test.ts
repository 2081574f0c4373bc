import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Bench, createBench } from './support/rhttp.js';

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.end());

const idOf = (token: string): string => token.split('_')[1]!;
const list = async (...args: string[]): Promise<Record<string, any>[]> =>
  JSON.parse((await bench.run(['token', 'list', '--json', ...args])).out).tokens;

test('create prints the secret once, alone on stdout', async () => {
  const { code, out, err } = await bench.run([
    'token',
    'create',
    '--target',
    'line-4-*',
    '--owner',
    'acme',
    '--expires',
    '90d',
  ]);
  expect(code).toBe(0);
  expect(out).toMatch(/^rhttp_[0-9a-f]+_[A-Za-z0-9]+$/);
  expect(err).toContain(`Token ${idOf(out)} for line-4-* (owner acme), until 20`);
  expect(err).not.toContain(out);
  const [entry] = await list();
  expect(entry).toMatchObject({ id: idOf(out), targets: ['line-4-*'], owner: 'acme', revokedAt: null });
  expect(Date.parse(entry!.expiresAt) - Date.parse(entry!.createdAt)).toBe(90 * 86_400_000);
  const file = join(bench.state, 'tokens.json');
  expect(readFileSync(file, 'utf8')).not.toContain(out);
  expect(statSync(file).mode & 0o077).toBe(0);
});

test('list is a table for people, without secrets', async () => {
  const { out: token } = await bench.run(['token', 'create', '--target', 'A,B']);
  const { code, out } = await bench.run(['token', 'list']);
  expect(code).toBe(0);
  expect(out.split('\n')[0]).toMatch(/^ID +TARGETS +OWNER +CREATED +STATE$/);
  expect(out).toMatch(new RegExp(`^${idOf(token)} +A,B +default +20\\S+ +good$`, 'm'));
  expect(out).not.toContain(token);
});

test('revoke, and what comes of it', async () => {
  const { out: token } = await bench.run(['token', 'create']);
  expect(await bench.run(['token', 'revoke', idOf(token)])).toMatchObject({ code: 0, out: `Revoked ${idOf(token)}` });
  expect((await list())[0]!.revokedAt).toMatch(/^20/);
  expect((await bench.run(['token', 'list'])).out).toMatch(/revoked 20/);
});

test('rotate makes a new one for the same targets; the old one goes on for the overlap', async () => {
  const { out: token } = await bench.run(['token', 'create', '--target', 'A', '--owner', 'acme']);
  const { code, out, err } = await bench.run(['token', 'rotate', idOf(token), '--overlap', '30d']);
  expect(code).toBe(0);
  expect(out).toMatch(/^rhttp_/);
  expect(out).not.toBe(token);
  expect(err).toContain(`The old token ${idOf(token)} goes on working for 30 d`);
  const [old, fresh] = await list();
  expect(fresh).toMatchObject({ id: idOf(out), targets: ['A'], owner: 'acme', expiresAt: null });
  const days = (Date.parse(old!.expiresAt) - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(29.9);
  expect(days).toBeLessThanOrEqual(30);
});

test('another file: named, or by the configuration', async () => {
  await bench.run(['token', 'create', '--tokens', 'mine.json', '--target', 'A']);
  writeFileSync(join(bench.folder, 'rhttp.yaml'), 'connectors: { tokens: ./mine.json }\n');
  expect(await list('--config', 'rhttp.yaml')).toMatchObject([{ targets: ['A'] }]);
  expect(await list()).toEqual([]);
  const gateway = await bench.gateway(['--config', 'rhttp.yaml']);
  // It has tokens, none of which this machine knows in the clear.
  expect(gateway.tokenFile).toBeUndefined();
});

test('a running gateway takes a new token at once, and says who came', async () => {
  const gateway = await bench.gateway();
  const { out: token } = await bench.run(['token', 'create', '--target', 'camera-*']);
  const args = ['connect', '1', '--target', 'camera-7', '--json', '--gateway', gateway.url, '--on-refused', 'exit'];
  const connector = bench.start(args, { RHTTP_TOKEN: token });
  await connector.json({ event: 'ready' });
  expect(await gateway.json({ event: 'connected' })).toMatchObject({ credential: idOf(token), targets: ['camera-7'] });
});
