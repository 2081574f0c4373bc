import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readAnswer } from '../../../gateway/test/support/read-answers.js';
import { createSeeingApps } from '../support/seen-requests.js';
import { type Kind, places, type Stage, secret, startStage, type Transport } from '../support/stage.js';

/** What becomes of a request's fields, R31 to R54 and R78. */
interface HeaderCase {
  readonly rule: string;
  /** Field lines of the visitor. */
  readonly sends: readonly string[];
  /** Lines that the application gets; a name in any case, for a fetch handler has them in lower case. */
  readonly app?: readonly string[];
  /** Lines that it gets no such one of: the beginning, in any case. */
  readonly hidden?: readonly string[];
  readonly only?: readonly Kind[];
}

const withNames: readonly Kind[] = ['server', 'url'];
const cases: readonly HeaderCase[] = [
  {
    rule: 'R31 what Connection lists',
    sends: ['Connection: X-Hop, x-other', 'X-Hop: 1', 'X-Other: 2', 'X-End: 3'],
    app: ['X-End: 3'],
    hidden: ['X-Hop', 'X-Other'],
  },
  {
    rule: 'R32 fields of one connection',
    sends: [
      'Keep-Alive: timeout=1',
      'Proxy-Connection: x',
      'TE: gzip',
      'HTTP2-Settings: AA',
      'Proxy-Authorization: x',
      'Proxy-Authenticate: x',
      'X-End: 1',
    ],
    app: ['X-End: 1'],
    hidden: ['Keep-Alive', 'Proxy-', 'TE:', 'HTTP2-'],
  },
  {
    rule: 'R33 Connection cannot take away ours',
    sends: ['Connection: X-Forwarded-For, Via, Forwarded'],
    app: ['X-Forwarded-For: 127.0.0.1', 'Forwarded: for=127.0.0.1;proto=http'],
  },
  {
    rule: 'R34 nor what the server decides by',
    sends: [
      'Connection: Host, Cookie, Authorization, Content-Type, Cache-Control',
      'Cookie: a=b',
      `Authorization: Bearer ${secret}`,
      'Content-Type: text/plain',
      'Cache-Control: no-cache',
    ],
    app: [
      'Host: localhost',
      'Cookie: a=b',
      `Authorization: Bearer ${secret}`,
      'Content-Type: text/plain',
      'Cache-Control: no-cache',
    ],
  },
  {
    rule: 'R35 unknown fields, doubles and their order',
    sends: ['x-B: 2', 'X-A: 1', 'x-b: 3', 'X-Empty:'],
    app: ['x-B: 2', 'X-A: 1', 'x-b: 3', 'X-Empty: '],
    only: withNames,
  },
  {
    rule: 'R35 unknown fields and their order',
    sends: ['x-B: 2', 'X-A: 1', 'x-b: 3'],
    app: ['x-b: 2', 'x-a: 1', 'x-b: 3'],
    only: ['fetch'],
  },
  { rule: 'R36 several Cookie lines stay', sends: ['Cookie: a=b', 'Cookie: c=d'], app: ['Cookie: a=b', 'Cookie: c=d'] },
  {
    rule: 'R37 Via is added behind those that are there',
    sends: ['Via: 1.0 fred'],
    app: ['Via: 1.0 fred', 'Via: 1.1 rhttp-'],
  },
  {
    rule: 'R39 forwarding fields of a visitor are replaced',
    sends: [
      'Forwarded: for=1.1.1.1',
      'X-Forwarded-For: 1.1.1.1',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: a',
      'X-Forwarded-Port: 1',
      'X_Forwarded_For: 1.1.1.1',
    ],
    app: ['X-Forwarded-For: 127.0.0.1', 'X-Forwarded-Proto: http', 'X-Forwarded-Host: localhost'],
    hidden: [
      'X-Forwarded-For: 1.1',
      'Forwarded: for=1.1',
      'X-Forwarded-Port',
      'X_Forwarded',
      'X-Forwarded-Proto: https',
    ],
  },
  { rule: 'R41 so is X-Forwarded-Prefix', sends: ['X-Forwarded-Prefix: /evil'], hidden: ['X-Forwarded-Prefix'] },
  {
    rule: 'R42 what a proxy says of certificate and address',
    sends: [
      'Client-Cert: :AA=:',
      'Client-Cert-Chain: :AA=:',
      'X-Real-IP: 1.1.1.1',
      'X-Peer: 1.1.1.1 1',
      'Client_Cert: x',
    ],
    app: ['X-Peer: 1.1.1.1 1'],
    hidden: ['Client', 'X-Real'],
  },
  {
    rule: 'R49 what is between the ends',
    sends: [
      `Authorization: Basic ${secret}`,
      'If-None-Match: "a", W/"b"',
      'If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT',
      'Range: bytes=0-1',
      'If-Range: "a"',
    ],
    app: [
      `Authorization: Basic ${secret}`,
      'If-None-Match: "a", W/"b"',
      'If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT',
      'Range: bytes=0-1',
      'If-Range: "a"',
    ],
  },
  {
    rule: 'R50 codings of the content',
    sends: ['Accept-Encoding: gzip;q=0.5, br', 'Cache-Control: no-transform'],
    app: ['Accept-Encoding: gzip;q=0.5, br', 'Cache-Control: no-transform'],
  },
  { rule: 'R52 TE: trailers', sends: ['TE: trailers', 'Connection: TE'], app: ['TE: trailers'] },
  { rule: 'R54 Early-Data', sends: ['Early-Data: 1'], app: ['Early-Data: 1'] },
  { rule: 'R72 Upgrade that Connection does not list', sends: ['Upgrade: x'], hidden: ['Upgrade'] },
  {
    rule: 'R72 h2c is not spoken',
    sends: ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AA'],
    hidden: ['Upgrade', 'HTTP2'],
  },
  { rule: 'R78 Origin', sends: ['Origin: https://evil.example'], app: ['Origin: https://evil.example'] },
];

const apps = createSeeingApps();
let stage: Stage;
beforeAll(async () => {
  stage = await startStage(apps);
});
afterAll(() => stage.close());
beforeEach(() => {
  apps.seen.length = 0;
});

async function ask(kind: Kind, transport: Transport, lines: readonly string[]) {
  const fields = ['Host: localhost', ...lines].join('\r\n');
  const visitor = await stage.visit(kind, transport, `GET /x HTTP/1.1\r\n${fields}\r\n\r\n`);
  visitor.halfClose();
  return readAnswer(await visitor.closed());
}

describe.each(places)('%s over %s', (kind, transport) => {
  test.each(cases.filter(({ only }) => !only || only.includes(kind)))('$rule', async (row) => {
    expect((await ask(kind, transport, row.sends)).status).toBe(200);
    const lines = apps.seen[0]!.text.split('\r\n');
    const inCase = (line: string): string =>
      kind === 'fetch' ? line.replace(/^[^:]*/, (name) => name.toLowerCase()) : line;
    let from = 0;
    for (const line of row.app ?? []) {
      const at = lines.findIndex((each) => inCase(each).startsWith(inCase(line)));
      expect(at, `${line} in ${apps.seen[0]!.text}`).toBeGreaterThanOrEqual(0);
      // Lines of one table row that repeat a name come in that order.
      if (row.rule.includes('order')) expect(at).toBeGreaterThanOrEqual(from);
      from = at;
    }
    for (const name of row.hidden ?? [])
      expect(lines.filter((line) => line.toLowerCase().startsWith(name.toLowerCase()))).toEqual([]);
    await stage.healthy(kind, transport);
  });

  test('R38 a request that has passed here before is refused', async () => {
    await ask(kind, transport, []);
    const via = /^via: (1\.1 rhttp-.*)$/im.exec(apps.seen[0]!.text)![1]!;
    expect((await ask(kind, transport, [`Via: 1.1 other, ${via}`])).status).toBe(508);
    expect(apps.seen).toHaveLength(1);
  });

  test('R53 trailers of a request arrive apart from its fields, announced or not', async () => {
    for (const announced of ['', 'Trailer: X-T\r\n']) {
      apps.seen.length = 0;
      const visitor = await stage.visit(
        kind,
        transport,
        `POST /x HTTP/1.1\r\nHost: localhost\r\n${announced}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n`,
      );
      await visitor.until('served /x');
      expect(apps.seen[0]!.text).toMatch(/\r\n\r\naX-T: 1\r\n$/i);
    }
  });
});

test('R39 R40 a trusted proxy is believed and added to, by every kind of handler', async () => {
  const own = createSeeingApps();
  const trusting = await startStage(own, { trustedProxies: ['127.0.0.0/8'] });
  for (const [kind, transport] of places) {
    own.seen.length = 0;
    const lines = 'Host: localhost\r\nX-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: https\r\n';
    const visitor = await trusting.visit(kind, transport, `GET /x HTTP/1.1\r\n${lines}\r\n`);
    await visitor.until('served /x');
    expect(own.seen[0]!.text).toMatch(/X-Forwarded-For: 2001:db8::1\r\n[\s\S]*X-Forwarded-For: 127\.0\.0\.1\r\n/i);
    expect(own.seen[0]!.text).toMatch(/X-Forwarded-Proto: https\r\n/i);
    visitor.socket.destroy();
  }
  expect(trusting.log.every(({ peer }) => peer === '2001:db8::1')).toBe(true);
  await trusting.close();
});

test('R31 R42 a transparent listener adds nothing, and takes away only what is of one connection', async () => {
  const own = createSeeingApps();
  const clear = await startStage(own, {}, { transparent: true });
  for (const [kind, transport] of places) {
    own.seen.length = 0;
    const lines = 'Host: localhost\r\nX-Forwarded-For: 1.1.1.1\r\nVia: 1.0 fred\r\nX-Real-IP: 1.1.1.1\r\n';
    const visitor = await clear.visit(kind, transport, `GET /x HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`);
    await visitor.until('served /x');
    // A URL is forwarded to over a connection of its own, of which its head speaks.
    const seen = own.seen[0]!.text.toLowerCase()
      .replace('connection: keep-alive\r\n', '')
      .replace('connection: close\r\n', '');
    expect(seen).toBe(`get /x\r\n${lines.toLowerCase()}\r\n`);
  }
  await clear.close();
});

test('R44 a transparent listener passes TRACE to handlers in the process alone', async () => {
  const own = createSeeingApps();
  const clear = await startStage(own, {}, { transparent: true });
  for (const [kind, transport] of places) {
    own.seen.length = 0;
    const trace = await clear.visit(
      kind,
      transport,
      'TRACE /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    );
    expect(readAnswer(await trace.closed()).status).toBe(kind === 'url' ? 400 : 200);
    expect(own.seen.map(({ path }) => path)).toEqual(kind === 'url' ? [] : ['/x']);
    await clear.healthy(kind, transport);
  }
  await clear.close();
});
