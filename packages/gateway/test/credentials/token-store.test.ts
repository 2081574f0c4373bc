import { chmod, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createTokenStore, type TokenStore, type TokenStoreOptions } from '../../src/credentials/token-store.js';

const day = 86_400_000;
let folder: string;
let path: string;
let time: number;
let errors: unknown[];
const stores: TokenStore[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhttp-tokens-'));
  path = join(folder, 'tokens.json');
  time = Date.parse('2026-01-01T00:00:00Z');
  errors = [];
});
afterEach(async () => {
  for (const store of stores.splice(0)) store.close();
  await rm(folder, { recursive: true });
});

/** A store that looks at the file when told to, and at its own pace only where `pollMs` is given. */
function open(more: Partial<TokenStoreOptions> = {}): TokenStore {
  const store = createTokenStore({
    path,
    now: () => time,
    pollMs: 2 ** 30,
    onError: (error) => errors.push(error),
    ...more,
  });
  stores.push(store);
  return store;
}

async function refusalOf(store: TokenStore, token: string | undefined): Promise<unknown> {
  try {
    await store.authenticate(token === undefined ? {} : { token });
    return undefined;
  } catch (error) {
    return error;
  }
}

test('a token opens what it was made for, and only its hash is kept', async () => {
  const store = open();
  expect(store.list()).toEqual([]);
  const { token, entry } = await store.create({ targets: ['line-4-*'], owner: 'acme', expiresInMs: 90 * day });
  expect(token).toMatch(new RegExp(`^rhttp_${entry.id}_`));
  expect(entry).toEqual({
    id: entry.id,
    targets: ['line-4-*'],
    owner: 'acme',
    createdAt: '2026-01-01T00:00:00.000Z',
    expiresAt: '2026-04-01T00:00:00.000Z',
    revokedAt: null,
  });
  const grant = { id: entry.id, targets: ['line-4-*'], owner: 'acme', expiresAt: time + 90 * day };
  expect(await store.authenticate({ token })).toEqual(grant);
  expect(await open().authenticate({ token })).toEqual(grant);
  const text = await readFile(path, 'utf8');
  expect(text).not.toContain(token.slice(-20));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['tokens.json']);
});

test('who is refused reads why', async () => {
  const store = open();
  const { token, entry } = await store.create();
  const other = await store.create({ expiresInMs: 1 });
  const mistyped = token.slice(0, -1) + (token.endsWith('0') ? '1' : '0');
  expect(await refusalOf(store, undefined)).toMatchObject({
    code: 'unauthorized',
    message: 'The gateway wants a token.',
  });
  expect(await refusalOf(store, mistyped)).toMatchObject({
    code: 'unauthorized',
    message: expect.stringMatching(/mistyped/),
  });
  expect(await refusalOf(store, token.slice(0, -8))).toMatchObject({
    code: 'unauthorized',
    message: expect.stringMatching(/mistyped/),
  });
  const { token: unknown } = await open({ path: join(folder, 'others.json') }).create();
  expect(await refusalOf(store, unknown)).toMatchObject({
    code: 'unauthorized',
    message: expect.stringMatching(/does not know/),
  });
  expect(await refusalOf(store, 'secret')).toMatchObject({
    code: 'unauthorized',
    message: expect.stringMatching(/does not know/),
  });
  time += 1;
  expect(await refusalOf(store, other.token)).toMatchObject({
    code: 'revoked',
    message: expect.stringMatching(/expired at 2026/),
  });
  await store.revoke(entry.id);
  expect(await refusalOf(store, token)).toMatchObject({
    code: 'revoked',
    message: expect.stringMatching(/revoked at 2026/),
  });
});

test('what is revoked here or by another process is told at once, and only once', async () => {
  const gateway = open();
  const command = open();
  const told: string[] = [];
  gateway.onRevoked = (id) => told.push(id);
  const { entry: first } = await gateway.create();
  const { entry: second } = await gateway.create();
  expect(await gateway.revoke(first.id)).toBe(true);
  expect(told).toEqual([first.id]);
  expect(await command.revoke(second.id)).toBe(true);
  expect(told).toEqual([first.id]);
  await gateway.refresh();
  expect(told).toEqual([first.id, second.id]);
  expect(await command.revoke(second.id)).toBe(true);
  expect(await command.revoke('nobody')).toBe(false);
  await gateway.refresh();
  expect(told).toEqual([first.id, second.id]);
});

test('a token that leaves the file is out, too', async () => {
  const store = open();
  const { entry, token } = await store.create();
  store.onRevoked = vi.fn();
  await writeFile(path, '{"version":1,"tokens":[]}');
  await store.refresh();
  expect(store.onRevoked).toHaveBeenCalledExactlyOnceWith(entry.id);
  expect(await refusalOf(store, token)).toMatchObject({ code: 'unauthorized' });
});

test('within its own time it sees what others did, and what has expired', async () => {
  const store = open({ pollMs: 5 });
  const { entry } = await store.create({ expiresInMs: day });
  const told: string[] = [];
  store.onRevoked = (id) => told.push(id);
  const made = await open().create();
  await vi.waitUntil(() => store.list().length === 2);
  expect((await store.authenticate({ token: made.token })).id).toBe(made.entry.id);
  time += day;
  await vi.waitUntil(() => told.length > 0);
  expect(told).toEqual([entry.id]);
});

test('rotated: both are good for the overlap, and the new one lasts as the old one was to', async () => {
  const store = open();
  const old = await store.create({ targets: ['a', 'b-*'], owner: 'acme', expiresInMs: 90 * day });
  time += 80 * day;
  const made = (await store.rotate(old.entry.id, 5 * day))!;
  expect(made.entry).toMatchObject({
    targets: ['a', 'b-*'],
    owner: 'acme',
    expiresAt: new Date(time + 90 * day).toISOString(),
  });
  expect(made.entry.id).not.toBe(old.entry.id);
  expect((await store.authenticate({ token: old.token })).expiresAt).toBe(time + 5 * day);
  await store.authenticate({ token: made.token });
  time += 5 * day;
  expect(await refusalOf(store, old.token)).toMatchObject({ code: 'revoked' });
  await store.authenticate({ token: made.token });
  await expect(store.rotate(old.entry.id, 0)).rejects.toMatchObject({
    code: 'bad-option',
    message: expect.stringMatching(/create a new one/),
  });
  expect(await store.rotate('nobody', 0)).toBeUndefined();
  // An overlap never lengthens a life.
  const short = (await store.create({ expiresInMs: 10 })).entry;
  await store.rotate(short.id, day);
  expect(store.list().find(({ id }) => id === short.id)?.expiresAt).toBe(short.expiresAt);
});

test.each([
  [{ targets: [] }, /^targets: /],
  [{ targets: ['/x'] }, /^targets: /],
  [{ targets: ['*a*b*c*d*'] }, /^targets: /],
  [{ targets: 'line' as never }, /^targets: /],
  [{ owner: '' }, /^owner: /],
  [{ owner: 'a\nb' }, /^owner: /],
  [{ expiresInMs: 0 }, /^expires: /],
  [{ expiresInMs: -1 }, /^expires: /],
  [{ expiresInMs: Number.NaN }, /^expires: /],
  [{ expiresInMs: 1e300 }, /^expires: /],
])('%j makes no token', async (wanted, message) => {
  const store = open();
  await expect(store.create(wanted)).rejects.toMatchObject({
    code: 'bad-option',
    message: expect.stringMatching(message),
  });
  expect(await readdir(folder)).toEqual([]);
});

const good = '{"id":"a","hash":"HASH","targets":["*"],"owner":"o","createdAt":"2026-01-01"}'.replace(
  'HASH',
  '0'.repeat(64),
);
test.each([
  ['', '1:1: the file is empty, expected JSON'],
  ['{\n  "version": 1,\n}', '3:1: this is not JSON'],
  ['[]', '1:1: expected { "version": 1, "tokens": [...] }'],
  ['{"version":2}', '1:12: version: expected 1, the only version that this software knows'],
  ['{"version":1,"tokens":{}}', '1:23: tokens: expected a list'],
  ['{"version":1,"tokens":[7]}', '1:24: tokens[0]: expected { "id", "hash", "targets", "owner", "createdAt" }'],
  [`{"version":1,"tokens":[${good},${good}]}`, `1:${good.length + 31}: tokens[1].id: a token above has this id`],
  [`{"version":1,"tokens":[${good.replace('"o"', '7')}]}`, '1:132: tokens[0].owner: expected 1 to 64 visible'],
  [`{"version":1,"tokens":[${good.replace('2026-01-01', 'today')}]}`, '1:148: tokens[0].createdAt: expected a time'],
  [`{"version":1,"tokens":[${good.replace('000', 'xxx')}]}`, '1:41: tokens[0].hash: expected a SHA-256'],
])('a start with %j fails with %s', async (text, message) => {
  await writeFile(path, text);
  let error: unknown;
  try {
    open();
  } catch (caught) {
    error = caught;
  }
  expect(error).toMatchObject({ code: 'bad-option', message: expect.stringContaining(`${path}:${message}`) });
});

test('broken later: the last good content stays in force, and the operator hears once', async () => {
  const store = open();
  const { token, entry } = await store.create();
  await writeFile(path, '{"version":1,"tokens":[');
  await store.refresh();
  await store.refresh();
  expect(errors).toMatchObject([{ code: 'bad-option', message: `${path}:1:24: this is not JSON` }]);
  await store.authenticate({ token });
  // A hand that is writing must not be overwritten.
  await expect(store.revoke(entry.id)).rejects.toThrow(/this is not JSON/);
  expect(await readFile(path, 'utf8')).toBe('{"version":1,"tokens":[');
  await rm(path);
  await store.refresh();
  await store.refresh();
  expect(errors).toHaveLength(2);
  expect(errors[1]).toMatchObject({ code: 'ENOENT' });
  await store.authenticate({ token });
  await store.create();
  await store.refresh();
  expect(open().list()).toHaveLength(2);
  expect(errors).toHaveLength(2);
});

test('what a user`s functions throw costs nothing', async () => {
  const store = open({
    onError: () => {
      throw new Error('a bug in onError');
    },
  });
  store.onRevoked = () => {
    throw new Error('a bug in onRevoked');
  };
  const ids = [(await store.create()).entry.id, (await store.create()).entry.id];
  for (const id of ids) expect(await store.revoke(id)).toBe(true);
  await writeFile(path, 'x');
  await store.refresh();
});

test('a link stays a link, and members of a newer version stay', async () => {
  const real = join(folder, 'real.json');
  await writeFile(real, `{"version":1,"tokens":[${good.replace('{', '{"note":"lab 2",')}]}`);
  await chmod(real, 0o644);
  await symlink(real, path);
  const store = open();
  await store.revoke('a');
  expect(JSON.parse(await readFile(real, 'utf8')).tokens[0]).toMatchObject({
    note: 'lab 2',
    revokedAt: expect.any(String),
  });
  expect((await stat(real)).mode & 0o777).toBe(0o600);
});

test('a file that was moved into place is seen', async () => {
  const store = open();
  const other = open({ path: join(folder, 'other.json') });
  const { token } = await other.create();
  await rename(join(folder, 'other.json'), path);
  await store.refresh();
  await store.authenticate({ token });
  expect(errors).toEqual([]);
});

test('a token that another process just made is good at once; strangers do not set the pace of looking', async () => {
  const [store, other] = [open(), open()];
  const first = await other.create();
  expect((await store.authenticate({ token: first.token })).id).toBe(first.entry.id);
  const stranger = (await open({ path: join(folder, 'other.json') }).create()).token;
  for (let i = 0; i < 20; i++) await refusalOf(store, stranger);
  const second = await other.create();
  expect(await refusalOf(store, second.token)).toMatchObject({ code: 'unauthorized' });
  time += 1000;
  expect((await store.authenticate({ token: second.token })).id).toBe(second.entry.id);
});

test('nothing is lost when several write at a time', async () => {
  const several = Array.from({ length: 4 }, () => open());
  const made = await Promise.all(several.flatMap((store) => Array.from({ length: 5 }, () => store.create())));
  const store = open();
  expect(store.list()).toHaveLength(20);
  for (const { token } of made) await store.authenticate({ token });
  expect(await readdir(folder)).toEqual(['tokens.json']);
});
