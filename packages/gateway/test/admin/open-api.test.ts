import { afterEach, expect, test } from 'vitest';
import { adminRoutes } from '../../src/admin/admin-routes.js';
import { createEventStreams } from '../../src/admin/event-streams.js';
import { openApi } from '../../src/admin/open-api.js';
import { fakeOperations, sessionStatus, targetStatus } from '../support/fake-operations.js';
import { startTestAdmin, type TestAdmin } from '../support/test-admin.js';

let admin: TestAdmin | undefined;
afterEach(async () => {
  await admin?.close();
  admin = undefined;
});

async function start(...options: Parameters<typeof startTestAdmin>): Promise<TestAdmin> {
  admin = await startTestAdmin(...options);
  return admin;
}

test('the document and the table of routes tell the same', () => {
  const operations = fakeOperations();
  const streams = createEventStreams({ subscribe: operations.subscribe });
  const served = adminRoutes({ operations, streams, metrics: undefined, onError() {} });
  const documented = Object.entries(openApi.paths as Record<string, Record<string, any>>).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([name]) => name !== 'parameters')
      .map(([method, { security }]) => `${method.toUpperCase()} ${path}${security?.length === 0 ? ' open' : ''}`),
  );
  const table = served.map(({ method, path, open }) => `${method} ${path}${open ? ' open' : ''}`);
  expect(documented.sort()).toEqual(table.sort());
  const references = [...JSON.stringify(openApi).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name);
  expect([...new Set(references)].sort()).toEqual(Object.keys((openApi.components as any).schemas).sort());
});

test('the document is served, and its answers have the members that it tells', async () => {
  const { operations, ask } = await start();
  operations.targets.set('a', targetStatus('A'));
  operations.sessions.set('n.1', sessionStatus('n.1'));
  const { components } = (await ask('GET', '/api/v1/openapi.json')).json;
  const members = (schema: string): string[] => Object.keys(components.schemas[schema].properties).sort();
  expect(members('Target')).toEqual(Object.keys((await ask('GET', '/api/v1/targets/a')).json).sort());
  expect(members('Session')).toEqual(Object.keys((await ask('GET', '/api/v1/sessions')).json.sessions[0]).sort());
  expect(members('Problem')).toEqual(Object.keys((await ask('GET', '/x')).json).sort());
});
