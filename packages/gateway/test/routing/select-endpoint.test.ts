import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AccessLogEntry, byCookie } from '../../src/index.js';
import { createSelectEndpoint } from '../../src/routing/select-endpoint.js';
import type { Visit } from '../../src/visit/visit.js';
import { type Answer, readAnswer } from '../support/read-answers.js';
import { scanRequest } from '../support/scan-request.js';
import { startGateway, type TestGateway } from '../support/test-gateway.js';

const select = '/.well-known/reverse-http/select';
const sameOrigin = 'Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\n';

let it: TestGateway;
let entries: AccessLogEntry[];
beforeEach(async () => {
  entries = [];
  it = await startGateway({
    listeners: [{ port: 0, routes: [byCookie('target', { select })] }],
    accessLog: (entry) => void entries.push(entry),
  });
});
afterEach(() => it.close());

async function ask(query: string, lines = sameOrigin, method = 'GET', host = 'localhost:8080'): Promise<Answer> {
  const visitor = await it.visit(
    `${method} ${select}${query} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${lines}\r\n`,
  );
  return readAnswer(await visitor.closed(), true, method === 'HEAD');
}

describe('what is chosen', () => {
  const rows: [string, string, string][] = [
    ['?target=A&to=/x', 'A', '/x'],
    ['?to=/x%3Fy%3Dz%26a&target=line-4-camera-7', 'line-4-camera-7', '/x?y=z&a'],
    ['?target=A', 'A', '/'],
    ['?target=A&to=/a%20b', 'A', '/a%20b'],
    ['?target=A&to=/a%2520b', 'A', '/a%20b'],
    ['?target=A&to=/%C3%A4', 'A', '/%C3%A4'],
    ['?target=A&to=/x//y', 'A', '/x//y'],
    ['?target=A&to=/x%23y', 'A', '/x#y'],
    ['?target=A&to=/http://evil.example/', 'A', '/http://evil.example/'],
    ['?target=A&to=/x&other=y', 'A', '/x'],
  ];
  test.each(rows)('%s', async (query, target, location) => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await ask(query, sameOrigin, method);
      expect(answer.status).toBe(303);
      expect(answer.field('location')).toBe(location);
      expect(answer.lines.filter((line) => /^set-cookie/i.test(line))).toEqual([
        `Set-Cookie: target=${target}; Path=/; HttpOnly; SameSite=Lax`,
      ]);
      expect(answer.field('cache-control')).toBe('no-store');
    }
  });

  test('the cookie takes the visitor to the target', async () => {
    const connector = await it.connect();
    const cookie = (await ask('?target=A&to=/x')).field('set-cookie')!.split(';', 1)[0]!;
    await it.get(`Cookie: ${cookie}\r\n`, '/x');
    const request = await connector.next();
    expect(request.line).toBe('GET /x HTTP/1.1');
    expect(request.all('cookie')).toEqual([cookie]);
  });
});

describe('what is refused', () => {
  const rows: [string, number][] = [
    ['', 400],
    ['?to=/x', 400],
    ['?target=', 400],
    ['?target=-a', 400],
    ['?target=a%20b', 400],
    ['?target=A%0d%0aX:%201', 400],
    ['?target=A;%20Domain=evil.example', 400],
    ['?target=A&target=B', 400],
    ['?target=A&to=/x&to=/y', 400],
    ['?target=A&to=', 400],
    ['?target=A&to=x', 400],
    ['?target=A&to=//evil.example', 400],
    ['?target=A&to=%2F%2Fevil.example', 400],
    ['?target=A&to=/%5Cevil.example', 400],
    ['?target=A&to=%5C%5Cevil.example', 400],
    ['?target=A&to=/x%5Cy', 400],
    ['?target=A&to=/%09/evil.example', 400],
    ['?target=A&to=/%0A/evil.example', 400],
    ['?target=A&to=/x%0D%0ASet-Cookie:%20a=b', 400],
    ['?target=A&to=/%00', 400],
    ['?target=A&to=/%7F', 400],
    ['?target=A&to=https://evil.example/', 400],
    ['?target=A&to=javascript:alert(1)', 400],
    ['?target=A&to=%20/x', 400],
  ];
  test.each(rows)('%s', async (query, status) => {
    const answer = await ask(query);
    expect(answer.status).toBe(status);
    expect(answer.field('set-cookie')).toBeUndefined();
  });

  test.each(['POST', 'PUT', 'OPTIONS'])('%s: 405', async (method) => {
    const answer = await ask('?target=A', `${sameOrigin}Content-Length: 0\r\n`, method);
    expect([answer.status, answer.field('allow')]).toEqual([405, 'GET, HEAD']);
  });
});

describe('who may choose', () => {
  const here = 'localhost:8080';
  const rows: [string, string, boolean][] = [
    ['a link on the same origin', sameOrigin, true],
    ['the same, whatever else is said', `${sameOrigin}Referer: http://evil.example/\r\n`, true],
    ['another site', 'Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n', false],
    ['another origin of the site', 'Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: navigate\r\n', false],
    ['typed, or from a mail', 'Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n', false],
    ['a script of the same origin', 'Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n', false],
    ['an image', 'Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: no-cors\r\n', false],
    ['no mode', 'Sec-Fetch-Site: same-origin\r\n', false],
    ['no site', `Sec-Fetch-Mode: navigate\r\nReferer: http://${here}/\r\n`, false],
    ['two sites', `Sec-Fetch-Site: cross-site\r\n${sameOrigin}`, false],
    ['an older browser', `Referer: http://${here}/page?q\r\n`, true],
    ['through TLS in front', `Referer: https://${here}/\r\n`, true],
    ['Referer without a path', `Referer: http://${here}\r\n`, true],
    ['another page', 'Referer: http://evil.example/\r\n', false],
    ['another page that looks so', `Referer: http://evil.example/http://${here}/\r\n`, false],
    ['a name that begins so', `Referer: http://${here}.evil.example/\r\n`, false],
    ['a user of that name', `Referer: http://${here}@evil.example/\r\n`, false],
    ['a backslash', `Referer: http://${here}\\@evil.example/\r\n`, false],
    ['another port', 'Referer: http://localhost:9090/\r\n', false],
    ['no Referer', '', false],
    ['an empty Referer', 'Referer:\r\n', false],
    ['two Referers', `Referer: http://${here}/\r\nReferer: http://evil.example/\r\n`, false],
    ['Origin', `Origin: http://${here}\r\n`, true],
    ['Origin goes before Referer', `Origin: http://evil.example\r\nReferer: http://${here}/\r\n`, false],
    ['an Origin that is hidden', `Origin: null\r\nReferer: http://${here}/\r\n`, false],
  ];
  test.each(rows)('%s: %#', async (_, lines, may) => {
    const answer = await ask('?target=A&to=/x', lines);
    expect(answer.status).toBe(may ? 303 : 403);
    expect(answer.field('set-cookie') !== undefined).toBe(may);
    if (!may) expect(answer.field('proxy-status')).toMatch(/"visitor-refused"/);
  });

  test('R95 whoever chose, or tried to, is in the access log', async () => {
    await ask('?target=A');
    await ask('?target=A', '');
    expect(entries.map(({ path, status, reason }) => [path, status, reason])).toEqual([
      [select, 303, undefined],
      [select, 403, 'visitor-refused'],
    ]);
  });

  test('nobody, at a host that is not served', async () => {
    expect((await ask('?target=A', sameOrigin, 'GET', 'evil.example')).status).toBe(421);
  });
});

describe('where `to` leads', () => {
  const endpoint = createSelectEndpoint([byCookie('target', { select })]);
  const locationFor = (to: string): string | undefined => {
    let location: string | undefined;
    const head = scanRequest(
      `GET ${select}?target=A&to=${encodeURIComponent(to)} HTTP/1.1\r\nHost: gw.example\r\n${sameOrigin.trimEnd()}`,
    );
    const visit = {
      head,
      peer: { secure: true },
      fail: () => {},
      answer: (_: number, fields: string) => {
        expect(fields).toMatch(/^(?:[\x20-\x7e]*\r\n)*$/);
        expect(fields).toContain('; Secure\r\n');
        location = /^Location: (.*)\r\n/.exec(fields)![1];
      },
    };
    expect(endpoint.isFor(head)).toBe(true);
    endpoint.serve(visit as unknown as Visit);
    return location;
  };

  test('never away from the origin, and no line ends', () => {
    const nasty = fc.array(
      fc.constantFrom(
        '/',
        '\\',
        '\t',
        '\n',
        '\r',
        '.',
        '..',
        ':',
        '@',
        'evil.example',
        'http',
        '%',
        '2f',
        ' ',
        '?',
        '#',
        '\0',
        'ä',
        '\u2028',
        ';',
      ),
      { maxLength: 12 },
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      nasty.map((parts) => parts.join('')),
      nasty.map((parts) => `/${parts.join('')}`),
    );
    let taken = 0;
    fc.assert(
      fc.property(texts, (to) => {
        const location = locationFor(to);
        if (location === undefined) return;
        taken++;
        for (const base of ['https://gw.example/', `https://gw.example${select}?x`])
          expect(new URL(location, base).origin).toBe('https://gw.example');
      }),
      { numRuns: 5000 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});
