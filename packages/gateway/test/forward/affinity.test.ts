import { afterEach, describe, expect, test } from 'vitest';
import { toTarget } from '../../src/index.js';
import { visit } from '../support/raw-visitor.js';
import { readAnswer } from '../support/read-answers.js';
import type { ScriptedConnector } from '../support/scripted-connector.js';
import { startGateway, type TestGateway, until } from '../support/test-gateway.js';

let it: TestGateway;
afterEach(() => it.close());

const targets = [{ match: 'a', affinity: 'cookie' }] as const;

/** Connects a replica that answers with its name. */
function replica(name: string): Promise<ScriptedConnector> {
  return it.connect({
    replica: name,
    onRequest: (request) => request.answer('200 OK\r\nContent-Length: LENGTH', name),
  });
}

async function ask(cookie = ''): Promise<{ by: string; sets: string | undefined }> {
  const line = cookie === '' ? '' : `Cookie: ${cookie}\r\n`;
  const answer = readAnswer(await (await it.get(`${line}Connection: close\r\n`)).closed(), true);
  return { by: answer.body, sets: answer.field('set-cookie') };
}

describe('affinity: cookie', () => {
  test('a visitor stays with its replica, whatever else the cookie says', async () => {
    it = await startGateway({ targets });
    const names = ['r1', 'r2', 'r3'];
    const cookies = new Map<string, string>();
    for (const name of names) {
      const connector = await replica(name);
      const { by, sets } = await ask();
      expect(by).toBe(name);
      expect(sets).toMatch(/^rhttp_replica=[\w-]{16}; Path=\/gw\/A\/; HttpOnly; SameSite=Lax$/);
      expect(sets).not.toContain(name);
      cookies.set(name, sets!.split(';', 1)[0]!);
      connector.close();
      await until(() => !it.gateway.targets.has('A'));
    }
    for (const name of names) await replica(name);
    for (let i = 0; i < 3; i++) {
      for (const [name, cookie] of cookies) {
        expect(await ask(cookie)).toEqual({ by: name, sets: undefined });
        expect(await ask(`x=1;\t${cookie} ; y="2"`)).toEqual({ by: name, sets: undefined });
      }
    }
    for (const nothing of ['rhttp_replica=', `rhttp_replica=${'x'.repeat(16)}`, 'my_rhttp_replica=a']) {
      expect((await ask(nothing)).sets).toBeDefined();
    }
  });

  test('when that replica is away another one takes the visitor over', async () => {
    it = await startGateway({ targets });
    const first = await replica('r1');
    const { sets } = await ask();
    const cookie = sets!.split(';', 1)[0]!;
    await replica('r2');
    first.webSocket.terminate();
    await until(() => it.gateway.targets.get('A')!.replicas.some(({ state }) => state === 'detached'));
    expect((await ask(cookie)).by).toBe('r2');
    first.close();
    it.gateway.kick({ session: first.welcome.session });
    const second = await ask(cookie);
    expect(second.by).toBe('r2');
    expect(second.sets!.split(';', 1)[0]).not.toBe(cookie);
  });

  test('the cookie is for the whole origin where the target has it to itself', async () => {
    it = await startGateway({ targets });
    const listener = await it.gateway.listen({ port: 0, routes: [toTarget('A')] });
    await replica('r1');
    const visitor = await visit(listener.url, 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    expect(await visitor.closed()).toMatch(/\r\nSet-Cookie: rhttp_replica=\S+ Path=\/; HttpOnly/);
    await listener.close();
  });

  test('without it nothing is set', async () => {
    it = await startGateway();
    await replica('r1');
    expect(await ask()).toEqual({ by: 'r1', sets: undefined });
  });
});
