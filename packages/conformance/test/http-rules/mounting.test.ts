import { createServer, type RequestListener } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { visit } from '../../../gateway/test/support/raw-visitor.js';
import { readAnswer } from '../../../gateway/test/support/read-answers.js';
import { places, type Stage, startStage } from '../support/stage.js';

/** Targets below a path, `/gw/A/`: R41, R43, R70, R88 to R91. */
const fields: readonly [string, string][] = [
  ['Location', '/a?b'],
  ['Content-Location', 'http://localhost/c'],
  ['Refresh', '5; url=/d'],
  ['Link', '</e>; rel=next, <https://elsewhere.example/f>'],
  ['Set-Cookie', 'a=b; Path=/; Domain=example.com'],
  ['Set-Cookie', 'c=d'],
  ['Alt-Svc', 'h3=":443"'],
  ['Strict-Transport-Security', 'max-age=1'],
  ['Service-Worker-Allowed', '/'],
  ['Clear-Site-Data', '"*"'],
];

const paths: string[] = [];
const body = '<a href="/a">';
const listener: RequestListener = (request, response) => {
  if (request.url === '/healthy') return void response.end('healthy');
  paths.push(request.url!);
  response.writeHead(200, fields.flat()).end(body);
};
const apps = {
  server: createServer(listener),
  url: createServer(listener),
  fetch: (request: { url: string }) => {
    const { origin, pathname } = new URL(request.url);
    if (pathname === '/healthy') return new Response('healthy');
    paths.push(request.url.slice(origin.length));
    return { headers: fields, body };
  },
};
let stage: Stage;
beforeAll(async () => {
  stage = await startStage(apps, { deadlines: { startGrace: 0 } });
});
afterAll(() => stage.close());
beforeEach(() => {
  paths.length = stage.log.length = 0;
});

async function ask(path: string, method = 'GET', more = '') {
  const lines = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${more}\r\n`;
  return readAnswer(await (await visit(stage.gateway.url!, lines)).closed());
}

describe.each(places)('%s over %s', (kind, transport) => {
  const id = `${kind}-${transport}`;
  const prefix = `/gw/${id}`;

  test('R70 R89 R90 R91 what an answer says of places and of its origin', async () => {
    const answer = await ask(`${prefix}/x`);
    expect(answer.status).toBe(200);
    expect(answer.body).toBe(body);
    expect(answer.field('location')).toBe(`${prefix}/a?b`);
    expect(answer.field('content-location')).toBe(`http://localhost${prefix}/c`);
    expect(answer.field('refresh')).toBe(`5; url=${prefix}/d`);
    expect(answer.field('link')).toBe(`<${prefix}/e>; rel=next, <https://elsewhere.example/f>`);
    const cookies = answer.lines.filter((line) => /^set-cookie:/i.test(line)).map((line) => line.slice(12));
    expect(cookies).toEqual([`a=b; Path=${prefix}`, 'c=d']);
    for (const name of ['alt-svc', 'strict-transport-security', 'service-worker-allowed', 'clear-site-data'])
      expect(answer.field(name), name).toBeUndefined();
    await stage.healthy(kind, transport);
  });

  test.each([`${prefix}x/`, `${prefix}%2F`, `/gw/../gw${prefix}`, `/gw//${id}/`, `/GW/${id}/`])(
    'R88 %s is not the target',
    async (path) => {
      expect((await ask(path)).status).toBe(404);
      expect(paths).toEqual([]);
    },
  );

  test('R43 OPTIONS with Max-Forwards: 0 comes no further than the gateway', async () => {
    expect((await ask(`${prefix}/x`, 'OPTIONS', 'Max-Forwards: 0\r\n')).status).toBeLessThan(300);
    expect(paths).toEqual([]);
    await ask(`${prefix}/x`, 'OPTIONS', 'Max-Forwards: 1\r\n');
    expect(paths).toEqual(['/x']);
  });
});

// A fetch-style handler gets a URL, in which dot segments have no place.
describe.each(places.filter(([kind]) => kind !== 'fetch'))('%s over %s', (kind, transport) => {
  test
    .runIf(kind !== 'fetch')
    .each(['/../other/x', '/%2e%2e/other/x', '/..%2Fother/x', '//other/x', '/..\\other', '/a/../../../other'])(
    'R88 %s stays with its target',
    async (path) => {
      expect((await ask(`/gw/${kind}-${transport}${path}`)).status).toBe(200);
      expect(paths).toEqual([path]);
      expect(stage.log).toMatchObject([{ target: `${kind}-${transport}` }]);
    },
  );
});
