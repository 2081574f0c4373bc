import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test, vi } from 'vitest';
import { createAdminListener } from '../../src/admin/admin-listener.js';
import { startAdmin } from '../../src/admin/start-admin.js';
import { fakeOperations, sessionStatus, targetStatus } from '../support/fake-operations.js';
import { expectProblem, startTestAdmin, type TestAdmin } from '../support/test-admin.js';
import { openSockets, until } from '../support/test-gateway.js';

let admin: TestAdmin | undefined;
afterEach(async () => {
  await admin?.close();
  admin = undefined;
});

async function start(...options: Parameters<typeof startTestAdmin>): Promise<TestAdmin> {
  admin = await startTestAdmin(...options);
  return admin;
}

test('R93 health and readiness are open', async () => {
  const { operations, ask } = await start();
  const nobody = { Authorization: '' };
  expect(await ask('GET', '/health', undefined, nobody)).toMatchObject({ status: 200, json: { status: 'ok' } });
  expect(await ask('HEAD', '/health', undefined, nobody)).toMatchObject({ status: 200, text: '' });
  expect(await ask('GET', '/ready', undefined, nobody)).toMatchObject({ status: 200, json: { status: 'ready' } });
  operations.ready = false;
  expectProblem(await ask('GET', '/ready', undefined, nobody), 503, 'not-ready');
});

test.each(['', 'Bearer', 'Bearer x', 'Basic TOKEN', 'Bearer TOKEN x', 'Bearer TOKENx', 'TOKEN'])(
  '"%s" is not the admin token',
  async (authorization) => {
    const { ask, listener } = await start();
    const Authorization = authorization.replace('TOKEN', listener.token);
    for (const path of ['/api/v1/targets', '/metrics', '/nothing', '/']) {
      const answer = await ask('GET', path, undefined, { Authorization });
      expectProblem(answer, 401, 'unauthorized');
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
  },
);

test('the token that was given is the token; the scheme`s case does not count', async () => {
  const { ask, listener } = await start(undefined, { token: 'abc.DEF-1' });
  expect(listener.token).toBe('abc.DEF-1');
  expect((await ask('GET', '/api/v1/targets', undefined, { Authorization: 'bearer abc.DEF-1' })).status).toBe(200);
});

test.each([
  [{ token: '' }, /^admin.token: /],
  [{ token: 'a b' }, /^admin.token: /],
  [{ port: 70_000 }, /^admin.port: /],
  [{ address: 'localhost' }, /^admin.address: expected/],
  [{ address: 'localhost:1', port: 1 }, /^admin.address: stands beside/],
])('%j is refused at once', (options, message) => {
  const create = (): unknown => createAdminListener({ operations: fakeOperations(), ...options });
  expect(create).toThrow(expect.objectContaining({ code: 'bad-option', message: expect.stringMatching(message) }));
});

test('other hosts get 421 before all else, an absolute target`s included', async () => {
  const { ask, url } = await start(undefined, { hosts: ['admin.example.com'] });
  for (const path of ['/health', '/api/v1/targets', '/nothing']) {
    expectProblem(await ask('GET', path, undefined, { Host: 'evil.example' }), 421, 'wrong-host');
  }
  expect((await ask('GET', '/health', undefined, { Host: 'admin.example.com:1' })).status).toBe(200);
  const { hostname, port } = new URL(url);
  const raw = async (line: string): Promise<string> => {
    const socket = connect(Number(port), hostname);
    socket.end(`GET ${line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    return text(socket);
  };
  expect(await raw('http://evil.example/health')).toMatch(/^HTTP\/1.1 421 /);
  expect(await raw('http://localhost/health?x=/y')).toMatch(/^HTTP\/1.1 200 /);
});

test('no cookies, no other origins, nothing is stored', async () => {
  const { ask } = await start();
  const answer = await ask('GET', '/api/v1/targets', undefined, { Origin: 'http://evil.example' });
  expect(Object.keys(answer.headers).filter((name) => /^access-control|^set-cookie/.test(name))).toEqual([]);
  expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  const preflight = await ask('OPTIONS', '/api/v1/targets', undefined, { Origin: 'http://evil.example' });
  expectProblem(preflight, 405, 'method-not-allowed');
});

test('an unknown path, and a method that a path does not know', async () => {
  const { ask } = await start();
  for (const path of ['/', '/nothing', '/api/v1/targets/', '/api/v1/targets/a/b', '/api/v1/targets/%', '//health']) {
    expectProblem(await ask('GET', path), 404, 'not-found');
  }
  const answer = await ask('PUT', '/api/v1/targets/a');
  expectProblem(answer, 405, 'method-not-allowed');
  expect(answer.headers.allow).toBe('GET, HEAD, DELETE');
  expect((await ask('POST', '/health', undefined, { Authorization: '' })).headers.allow).toBe('GET, HEAD');
});

test('targets: pages, one, kick, drain', async () => {
  const { operations, ask } = await start();
  for (const name of ['C', 'A', 'B']) operations.targets.set(name.toLowerCase(), targetStatus(name));
  const first = (await ask('GET', '/api/v1/targets?limit=2')).json;
  expect(first).toEqual({ targets: [targetStatus('A'), targetStatus('B')], next: expect.any(String) });
  const second = (await ask('GET', `/api/v1/targets?cursor=${first.next}`)).json;
  expect(second).toEqual({ targets: [targetStatus('C')], next: null });
  expectProblem(await ask('GET', '/api/v1/targets?limit=0'), 400, 'bad-request');
  expect((await ask('GET', '/api/v1/targets/%61')).json).toEqual(targetStatus('A'));
  expectProblem(await ask('GET', '/api/v1/targets/x'), 404, 'not-found');

  expect((await ask('DELETE', '/api/v1/targets/a?for=10m')).json).toEqual({ sessions: 1 });
  expect(operations.kick).toHaveBeenLastCalledWith('a', { forMs: 600_000 });
  expectProblem(await ask('DELETE', '/api/v1/targets/x'), 404, 'not-found');
  expect(operations.kick).toHaveBeenLastCalledWith('x', {});
  expect((await ask('DELETE', '/api/v1/targets/x?for=1d')).json).toEqual({ sessions: 0 });
  expectProblem(await ask('DELETE', '/api/v1/targets/a?for=soon'), 400, 'bad-request');

  expect(await ask('POST', '/api/v1/targets/a/drain')).toMatchObject({ status: 202, json: { draining: 'a' } });
  expect(operations.drain).toHaveBeenCalledExactlyOnceWith('a');
  expectProblem(await ask('POST', '/api/v1/targets/x/drain'), 404, 'not-found');
});

test('sessions: pages, kick', async () => {
  const { operations, ask } = await start();
  operations.sessions.set('n.1', sessionStatus('n.1'));
  expect((await ask('GET', '/api/v1/sessions')).json).toEqual({ sessions: [sessionStatus('n.1')], next: null });
  expect((await ask('DELETE', '/api/v1/sessions/n.1')).json).toEqual({ sessions: 1 });
  expect(operations.kick).toHaveBeenLastCalledWith({ session: 'n.1' }, {});
  expectProblem(await ask('DELETE', '/api/v1/sessions/n.2?for=1m'), 404, 'not-found');
});

test('metrics are written by the adapter; one that throws costs a 500', async () => {
  const render = vi.fn(async () => 'reverse_http_targets 1\n');
  const { ask, errors } = await start(undefined, {
    metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', render },
  });
  const answer = await ask('GET', '/metrics');
  expect(answer).toMatchObject({ status: 200, text: 'reverse_http_targets 1\n' });
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  render.mockRejectedValue(new Error('a bug'));
  const failure = await ask('GET', '/metrics');
  expectProblem(failure, 500, 'failed');
  expect(failure.text).not.toContain('a bug');
  expect(errors).toMatchObject([{ message: 'a bug' }]);
});

test('an adapter that gives no text, or a type that is none, costs a 500', async () => {
  const metrics = { contentType: 'text/plain', render: (): any => undefined };
  const { ask, errors } = await start(undefined, { metrics });
  expectProblem(await ask('GET', '/metrics'), 500, 'failed');
  Object.assign(metrics, { contentType: 'a\nb', render: () => 'x' });
  expectProblem(await ask('GET', '/metrics'), 500, 'failed');
  expect(errors).toHaveLength(2);
});

test('what the gateway`s functions throw, onError included, ends nothing', async () => {
  const fails = (): never => {
    throw new Error('a bug');
  };
  const onError = vi.fn(fails);
  const operations = fakeOperations({
    kick: fails,
    isReady: fails,
    subscribe: fails,
    drain: () => Promise.reject(new Error('a bug')),
  });
  operations.targets.set('a', targetStatus('A'));
  const { ask } = await start(operations, { onError });
  expectProblem(await ask('DELETE', '/api/v1/targets/a'), 500, 'failed');
  expectProblem(await ask('GET', '/ready'), 500, 'failed');
  expect((await ask('POST', '/api/v1/targets/a/drain')).status).toBe(202);
  expect((await ask('GET', '/health')).status).toBe(200);
  expectProblem(await ask('GET', '/api/v1/events'), 500, 'failed');
  expect(onError).toHaveBeenCalledTimes(4);
});

test('a body beyond its bound is refused, told or not', async () => {
  const tokens = { create: vi.fn(), list: () => [] } as any;
  const { ask } = await start(fakeOperations({ tokens }));
  const long = ' '.repeat(64 * 1024 + 1);
  expectProblem(await ask('POST', '/api/v1/tokens', long), 413, 'body-too-large');
  const keep = { 'Transfer-Encoding': 'chunked', Connection: 'keep-alive' };
  const chunked = await ask('POST', '/api/v1/tokens', long, keep);
  expectProblem(chunked, 413, 'body-too-large');
  expect(chunked.headers.connection).toBe('close');
  expect(tokens.create).not.toHaveBeenCalled();
  expectProblem(await ask('POST', '/api/v1/tokens', `${' '.repeat(64 * 1024 - 4)}[]`), 400, 'bad-request');
});

test('a port that is taken is Node`s own error', async () => {
  const { url } = await start();
  const { port } = new URL(url);
  const other = createAdminListener({ operations: fakeOperations(), port: Number(port) });
  await expect(other.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await other.close();
});

test('closing ends idle connections at once and leaves nothing', async () => {
  const before = openSockets();
  const { listener, url } = await start();
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'data');
  await Promise.all([listener.close(), listener.close(), once(socket, 'close')]);
  await until(() => openSockets() <= before);
});

test('the option `admin`: off, an address, or nothing', async () => {
  const operations = fakeOperations();
  const onError = (): void => {};
  expect(await startAdmin('off', operations, onError)).toBeUndefined();
  expect(await startAdmin(undefined, operations, onError)).toBeUndefined();
  const started = (await startAdmin({ address: '127.0.0.1:0' }, operations, onError))!;
  expect(started.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(started.token).toMatch(/^rhttp_admin_.{32}$/);
  await started.close();
});
