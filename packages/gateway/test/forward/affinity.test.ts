import { afterEach, expect, test } from 'vitest';
import { byHeader, byPath, type GatewayOptions } from '../../src/index.js';
import { readAnswer } from '../support/read-answers.js';
import type { ScriptedConnector } from '../support/scripted-connector.js';
import { members, startGateway, type TestGateway, until } from '../support/test-gateway.js';

let it: TestGateway;
afterEach(() => it.close());

const sticky: GatewayOptions = { targets: [{ match: '*', affinity: 'cookie' }] };

/** A replica that answers with its name. */
const join = (replica: string, target = 'A'): Promise<ScriptedConnector> =>
  it.connect({
    target,
    replica,
    onRequest: (request) => request.answer('200 OK\r\nContent-Length: LENGTH', `from ${replica}`),
  });

async function ask(cookie = '', path = '/gw/A/x', more = '') {
  const visitor = await it.get(`${more}${cookie === '' ? '' : `Cookie: a=b; ${cookie}; c=d\r\n`}`, path);
  const answer = readAnswer(await visitor.until('from '));
  const lines = answer.lines.filter((line) => /^set-cookie:/i.test(line));
  return { body: answer.body, lines, cookie: lines[0]?.slice('Set-Cookie: '.length).split(';', 1)[0] };
}

test('a visitor stays with the replica that it came to, whatever the others have to do', async () => {
  it = await startGateway(sticky);
  for (const replica of ['r1', 'r2', 'r3']) await join(replica);
  const first = await ask();
  expect(first.lines).toEqual([
    expect.stringMatching(/^Set-Cookie: rhttp-replica-a=[0-9a-f]{16}; Path=\/gw\/A; HttpOnly; SameSite=Lax$/),
  ]);
  // Requests that hang there make the others more attractive.
  for (let i = 0; i < 5; i++)
    expect(await ask(first.cookie)).toEqual({ body: first.body, lines: [], cookie: undefined });
  expect((await ask(first.cookie, '/gw/a/')).body).toBe(first.body);
});

test('a replica that was started again is the same one; one that is gone is replaced by another', async () => {
  it = await startGateway(sticky);
  const r1 = await join('r1');
  const { cookie } = await ask();
  await join('r2');
  r1.session.close('closed');
  await until(() => members(it.gateway).length === 1);
  const other = await ask(cookie);
  expect(other.body).toBe('from r2');
  expect(other.cookie).not.toBe(cookie);
  await join('r1');
  expect((await ask(cookie)).body).toBe('from r1');
  expect((await ask(other.cookie)).body).toBe('from r2');
});

test.each(['rhttp-replica-a=', 'rhttp-replica-a=r1', 'rhttp-replica-a="x"', 'rhttp-replica-b=0', 'rhttp-replica-a'])(
  'a cookie that says nothing: %s',
  async (cookie) => {
    it = await startGateway(sticky);
    await join('r1');
    const answer = await ask(cookie);
    expect([answer.body, answer.lines.length]).toEqual(['from r1', 1]);
  },
);

test('off by default; targets that share a path have cookies of their own', async () => {
  it = await startGateway({
    listeners: [{ port: 0, routes: [byPath('/gw'), byHeader('X-Target')] }],
    targets: [{ match: 'B', affinity: 'cookie' }],
  });
  await join('r1');
  await join('r1', 'B');
  expect((await ask()).lines).toEqual([]);
  const { lines } = await ask('', '/', 'X-Target: b\r\n');
  expect(lines).toEqual([expect.stringMatching(/^Set-Cookie: rhttp-replica-b=[0-9a-f]{16}; Path=\/; /)]);
});

test('a prefix that a function took from the path adds no attribute', async () => {
  it = await startGateway({
    listeners: [{ port: 0, routes: [({ path }) => ({ target: 'A', prefix: path.slice(0, path.lastIndexOf('/')) })] }],
    ...sticky,
  });
  await join('r1');
  expect((await ask('', '/a;Domain=evil.example/')).lines).toEqual([
    expect.stringMatching(/^Set-Cookie: rhttp-replica-a=[0-9a-f]{16}; Path=\/; HttpOnly; SameSite=Lax$/),
  ]);
});

test('an upgrade is answered by the replica, and says which it is', async () => {
  it = await startGateway(sticky);
  const connector = await it.connect({ replica: 'r1' });
  const visitor = await it.get('Connection: Upgrade\r\nUpgrade: echo\r\n');
  (await connector.next()).answer('101 Switching Protocols\r\nUpgrade: echo', 'hello');
  expect(await visitor.until('hello')).toMatch(/\r\nSet-Cookie: rhttp-replica-a=[0-9a-f]{16}; /);
});
