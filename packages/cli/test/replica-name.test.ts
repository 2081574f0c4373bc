import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeLock } from '../src/state/lock-file.js';
import { claimReplicaName } from '../src/state/replica-name.js';
import { type StateDirectory, stateDirectoryOf } from '../src/state/state-directory.js';

const gateway = 'https://gw.example.com';
let folder: string;
let state: StateDirectory;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rhttp-replica-'));
  state = stateDirectoryOf({ env: { RHTTP_STATE_DIR: folder }, cwd: '/' } as never);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a restart has the name it had, another target or gateway has another one', () => {
  const first = claimReplicaName(state, gateway, 'A');
  first.release();
  const again = claimReplicaName(state, gateway, 'a');
  expect(again.name).toBe(first.name);
  expect(first.name).toMatch(/^[a-z]+-[a-z]+-[a-z2-9]{5}$/);
  expect(claimReplicaName(state, gateway, 'B').name).not.toBe(first.name);
  expect(claimReplicaName(state, 'https://other.example.com', 'A').name).not.toBe(first.name);
});

test('a name in use is not given twice, and the second one lasts too', () => {
  const first = claimReplicaName(state, gateway, 'A');
  const second = claimReplicaName(state, gateway, 'A');
  expect(second.name).not.toBe(first.name);
  first.release();
  second.release();
  expect(claimReplicaName(state, gateway, 'A').name).toBe(first.name);
  expect(claimReplicaName(state, gateway, 'A').name).toBe(second.name);
});

test("a dead process's name is taken up again", () => {
  const first = claimReplicaName(state, gateway, 'A');
  const lock = readdirSync(state.replicasPath).find((name) => name.endsWith('.lock'))!;
  // No process has this number: Linux ends at 2^22.
  writeFileSync(join(state.replicasPath, lock), JSON.stringify({ pid: 2 ** 22 + 1, startedAt: null }));
  expect(claimReplicaName(state, gateway, 'A').name).toBe(first.name);
});

test('a process that has the number of a dead one is told from it', () => {
  const first = claimReplicaName(state, gateway, 'A');
  const lock = readdirSync(state.replicasPath).find((name) => name.endsWith('.lock'))!;
  writeFileSync(join(state.replicasPath, lock), JSON.stringify({ pid: process.pid, startedAt: '1' }));
  expect(claimReplicaName(state, gateway, 'A').name).toBe(first.name);
});

test("a name that came with a copy of another machine's disk is not used", () => {
  const first = claimReplicaName(state, gateway, 'A');
  first.release();
  const file = join(state.replicasPath, readdirSync(state.replicasPath).find((name) => name.endsWith('.json'))!);
  writeFileSync(file, readFileSync(file, 'utf8').replace(/"machine":"[^"]+"/, '"machine":"elsewhere"'));
  expect(claimReplicaName(state, gateway, 'A').name).not.toBe(first.name);
});

test('of many who find a dead lock, one gets it', () => {
  const path = join(folder, 'lock');
  writeFileSync(path, 'half a lo');
  const taken = Array.from({ length: 5 }, () => takeLock(path)).filter((lock) => lock !== undefined);
  expect(taken).toHaveLength(1);
  taken[0]!();
  expect(takeLock(path)).toBeDefined();
  expect(readdirSync(folder)).toEqual(['lock']);
});

test('nobody else can read what is kept', () => {
  claimReplicaName(state, gateway, 'A');
  expect(statSync(state.replicasPath).mode & 0o077).toBe(0);
  for (const name of readdirSync(state.replicasPath)) {
    expect(statSync(join(state.replicasPath, name)).mode & 0o077).toBe(0);
  }
});
