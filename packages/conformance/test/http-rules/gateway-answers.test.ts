import { afterEach, describe, expect, test, vi } from 'vitest';
import { type RawVisitor, visit } from '../../../gateway/test/support/raw-visitor.js';
import { type Answer, readAnswer } from '../../../gateway/test/support/read-answers.js';
import { createSeeingApps } from '../support/seen-requests.js';
import { places, type Stage, secret, startStage } from '../support/stage.js';

/** Answers of the gateway's own, and what it does as a whole: R19, R20, R81 to R87, R92, R94, R95. */
let stage: Stage;
afterEach(() => stage.close());

const get = (path: string, fields = 'Host: localhost\r\n'): string =>
  `GET ${path} HTTP/1.1\r\n${fields}Connection: close\r\n\r\n`;

async function ask(visitor: RawVisitor): Promise<Answer & { readonly problem: Record<string, unknown> }> {
  const answer = readAnswer(await visitor.closed());
  return { ...answer, problem: JSON.parse(answer.body) as Record<string, unknown> };
}

describe('R81 R85 R86 what the gateway answers itself', () => {
  test('no route, no such target, a host that is not served', async () => {
    stage = await startStage(createSeeingApps(), { deadlines: { startGrace: 0 } });
    const rows = [
      [get('/nowhere'), 404, 'no-route', 'destination_not_found'],
      [get('/gw/nobody/'), 404, 'unknown-target', 'destination_not_found'],
      [get('/', 'Host: evil.example\r\n'), 421, 'wrong-host', 'http_request_denied'],
    ] as const;
    for (const [request, status, reason, error] of rows) {
      const answer = await ask(await visit(stage.gateway.url!, request));
      expect(answer).toMatchObject({ status, problem: { status, delivered: 'no' } });
      expect(answer.field('content-type')).toBe('application/problem+json');
      expect(answer.field('cache-control')).toBe('no-store');
      expect(answer.field('proxy-status')).toBe(`rhttp; error=${error}; details="${reason}"`);
      expect(answer.problem.type).toBe(`/.well-known/reverse-http/problems/${reason}`);
      expect(answer.body).not.toMatch(/127\.0\.0\.1|\.ts|node:/);
    }
  });

  test.each(places)('R83 a body that is too long, from a %s over %s', async (kind, transport) => {
    const apps = createSeeingApps();
    stage = await startStage(apps, { limits: { requestBody: 3 } });
    const head = 'POST /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n';
    const declared = await ask(await stage.visit(kind, transport, `${head}Content-Length: 4\r\n\r\n`));
    expect(declared).toMatchObject({ status: 413, problem: { delivered: 'no' } });
    const chunks = `${head}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n`;
    expect((await ask(await stage.visit(kind, transport, chunks))).status).toBe(413);
    expect(apps.seen.filter(({ complete }) => complete)).toEqual([]);
    await stage.healthy(kind, transport);
  });

  test('R20 the bound of a head is the one that is set', async () => {
    stage = await startStage(createSeeingApps(), { limits: { headBytes: '1KiB' } });
    const visitor = await stage.visit(
      'server',
      'websocket',
      get('/x', `Host: localhost\r\nA: ${'x'.repeat(1024)}\r\n`),
    );
    expect(await ask(visitor)).toMatchObject({ status: 431 });
  });

  test('R82 no answer in time; the handler learns of it', async () => {
    const apps = createSeeingApps();
    const silent = { ...apps, fetch: () => new Promise<never>(() => {}) };
    stage = await startStage(silent, { deadlines: { firstByte: 50 } });
    const answer = await ask(await stage.visit('fetch', 'websocket', get('/x')));
    expect(answer).toMatchObject({ status: 504, problem: { title: 'First byte timeout' } });
    expect(answer.field('proxy-status')).toContain('error=http_response_timeout');
  });
});

test('R94 what runs is finished when the gateway closes, and its connection is not kept', async () => {
  let finish: (() => void) | undefined;
  const apps = createSeeingApps();
  const slow = {
    ...apps,
    fetch: () =>
      new Promise<Response>((resolve) => {
        finish = () => resolve(new Response('late'));
      }),
  };
  stage = await startStage(slow);
  const visitor = await stage.visit('fetch', 'websocket', 'GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await vi.waitUntil(() => finish !== undefined);
  const closed = stage.gateway.close();
  finish!();
  const answer = readAnswer(await visitor.closed());
  expect(answer).toMatchObject({ status: 200, body: 'late', whole: true });
  expect(answer.field('connection')).toBe('close');
  await closed;
});

test('R95 a line of the log has neither query nor secrets, and no line ends of the visitor', async () => {
  stage = await startStage(createSeeingApps());
  const fields = `Host: localhost\r\nCookie: ${secret}\r\nAuthorization: Bearer ${secret}\r\n`;
  const visitor = await stage.visit('server', 'websocket', get(`/x?q=${secret}`, fields));
  expect(await visitor.closed()).toContain('200 OK');
  expect(stage.log).toMatchObject([{ method: 'GET', path: '/x', status: 200, target: 'server-websocket' }]);
  expect(JSON.stringify(stage.log)).not.toContain(secret);
});
