import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { matchAdminRoute } from '../../src/admin/admin-route.js';
import { adminRoutes } from '../../src/admin/admin-routes.js';
import { createEventStreams } from '../../src/admin/event-streams.js';
import { createTokenStore } from '../../src/credentials/token-store.js';
import { fakeOperations, sessionStatus, targetStatus } from '../support/fake-operations.js';
import { startTestAdmin, type TestAdmin } from '../support/test-admin.js';

const page = await readFile(new URL('../../../../docs/admin-api.md', import.meta.url), 'utf8');
const commands = [...page.matchAll(/^ {4}(curl .*)$/gm)].map(([, command]) => command!);

let folder: string;
let admin: TestAdmin;
let id: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhttp-docs-'));
  const tokens = createTokenStore({ path: join(folder, 'tokens.json') });
  tokens.close();
  id = (await tokens.create()).entry.id;
  const operations = fakeOperations({ tokens, metrics: () => [] });
  operations.targets.set('A', targetStatus('A'));
  operations.sessions.set('n.1', sessionStatus('n.1'));
  admin = await startTestAdmin(operations, { metrics: { contentType: 'text/plain', render: () => '' } });
});
afterAll(async () => {
  await admin.close();
  await rm(folder, { recursive: true });
});

/** What `curl` would send: the options that the page uses, and no others. */
function requestOf(
  command: string,
  variables: Record<string, string>,
): { method: string; url: string; init: RequestInit } {
  const words = [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) =>
    (double ?? single ?? bare)!.replace(/\$([A-Z]+)/g, (_, name) => variables[name]!),
  );
  const headers: Record<string, string> = {};
  let method: string | undefined;
  let body: string | undefined;
  let url = '';
  for (let i = 1; i < words.length; i++) {
    const word = words[i]!;
    if (word === '-X') method = words[++i]!;
    else if (word === '-d') body = words[++i]!;
    else if (word === '-H') {
      const [name, value] = words[++i]!.split(': ');
      headers[name!] = value!;
    } else if (word !== '-N') url = word;
  }
  method ??= body === undefined ? 'GET' : 'POST';
  return { method, url, init: { method, headers, ...(body === undefined ? {} : { body }) } };
}

test.each(commands)('%s', async (command) => {
  const variables = {
    ADMIN: admin.url,
    TOKEN: admin.listener.token,
    AUTH: `Authorization: Bearer ${admin.listener.token}`,
    ID: id,
  };
  const { url, init } = requestOf(command.replace('http://127.0.0.1:8081', admin.url), variables);
  const leave = new AbortController();
  const response = await fetch(url, { ...init, signal: leave.signal });
  expect(response.status).toBeLessThan(300);
  leave.abort();
});

test('every route has its command', () => {
  const streams = createEventStreams({ subscribe: () => () => {} });
  const routes = adminRoutes({ operations: fakeOperations(), streams, metrics: undefined, onError() {} });
  const shown = commands.map((command) => {
    const { method, url } = requestOf(command, { ADMIN: 'http://127.0.0.1:8081', AUTH: 'x: y', TOKEN: 'x', ID: 'x' });
    return matchAdminRoute(routes, method, new URL(url).pathname)?.route;
  });
  for (const route of routes) expect(shown, `${route.method} ${route.path}`).toContain(route);
});
