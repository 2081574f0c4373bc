import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTokenStore } from '../../src/credentials/token-store.js';
import { fakeOperations } from '../support/fake-operations.js';
import { expectProblem, startTestAdmin, type TestAdmin } from '../support/test-admin.js';

let folder: string;
let admin: TestAdmin | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhttp-admin-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  await admin?.close();
  admin = undefined;
});

async function start(...options: Parameters<typeof startTestAdmin>): Promise<TestAdmin> {
  admin = await startTestAdmin(...options);
  return admin;
}

test('tokens: made, listed, rotated, revoked', async () => {
  const tokens = createTokenStore({ path: join(folder, 'tokens.json') });
  tokens.close();
  const { ask, errors } = await start(fakeOperations({ tokens }));
  expect((await ask('GET', '/api/v1/tokens')).json).toEqual({ tokens: [] });
  const wanted = { targets: ['line-4-*'], owner: 'acme', expires: '90d' };
  const made = await ask('POST', '/api/v1/tokens', JSON.stringify(wanted));
  const { id, token } = made.json;
  expect(made).toMatchObject({
    status: 201,
    headers: { location: `/api/v1/tokens/${id}`, 'cache-control': 'no-store' },
  });
  expect(made.json).toMatchObject({
    targets: ['line-4-*'],
    owner: 'acme',
    expiresAt: expect.any(String),
    revokedAt: null,
  });
  expect((await tokens.authenticate({ token })).id).toBe(id);
  const successor = await ask('POST', `/api/v1/tokens/${id}/rotate`, '{"overlap":"30d"}');
  expect(successor).toMatchObject({ status: 201, json: { targets: ['line-4-*'], owner: 'acme' } });
  await tokens.authenticate({ token });
  expect(await ask('DELETE', `/api/v1/tokens/${id}`)).toMatchObject({ status: 204, text: '' });
  await expect(tokens.authenticate({ token })).rejects.toThrow(/revoked/);
  const listed = (await ask('GET', '/api/v1/tokens')).json.tokens;
  expect(listed.map((entry: any) => entry.id)).toEqual([id, successor.json.id]);
  expect(JSON.stringify(listed)).not.toMatch(/hash|rhttp_/);
  expectProblem(await ask('POST', `/api/v1/tokens/${id}/rotate`), 400, 'bad-request');
  expectProblem(await ask('POST', '/api/v1/tokens/nobody/rotate'), 404, 'not-found');
  expectProblem(await ask('DELETE', '/api/v1/tokens/nobody'), 404, 'not-found');
  for (const body of [
    '',
    '{}',
    '{',
    '[]',
    '7',
    '{"targets":"a"}',
    '{"targets":["a"],"expires":"soon"}',
    '{"targets":["a"],"owner":null}',
    '{"targets":["a"],"expire":"1d"}',
  ])
    expectProblem(await ask('POST', '/api/v1/tokens', body), 400, 'bad-request');
  expect(tokens.list()).toHaveLength(2);
  expect(errors).toEqual([]);
});

test('without a file of tokens, and without metrics, the answer names the option', async () => {
  const { ask } = await start();
  for (const [method, path] of [
    ['GET', '/api/v1/tokens'],
    ['POST', '/api/v1/tokens'],
    ['DELETE', '/api/v1/tokens/x'],
    ['POST', '/api/v1/tokens/x/rotate'],
  ] as const) {
    const answer = await ask(method, path);
    expectProblem(answer, 404, 'not-found');
    expect(answer.json.detail).toContain('"connectors.tokens"');
  }
  expect((await ask('GET', '/metrics')).json.detail).toContain('"admin.metrics"');
});
