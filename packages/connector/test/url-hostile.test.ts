import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { answer, createOriginPair, type OriginPair } from './harness/raw-origin.js';
import { TestBody, type VisitOptions } from './harness/visitor.js';

let pair: OriginPair;
afterEach(() => pair.stop());

const ok = 'HTTP/1.1 200 OK\r\n';

/** What the origin answers before it closes its side; `head`: the visitor has a head already, which is left without a clean end. */
const cases: readonly { name: string; bytes: string; options?: VisitOptions; open?: boolean; head?: boolean }[] = [
  { name: 'two lengths (R57)', bytes: `${ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\nx` },
  { name: 'the same length twice', bytes: `${ok}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx` },
  { name: 'a list of lengths', bytes: `${ok}Content-Length: 1, 1\r\n\r\nx` },
  { name: 'a length and chunks', bytes: `${ok}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n` },
  { name: 'another transfer coding', bytes: `${ok}Transfer-Encoding: gzip\r\n\r\nx` },
  { name: 'chunks in HTTP/1.0', bytes: 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n' },
  { name: 'a length that is no number', bytes: `${ok}Content-Length: -1\r\n\r\nx` },
  { name: 'a body that is too long (R58)', bytes: `${ok}Content-Length: 1\r\n\r\nxy`, open: true },
  { name: 'a body that is too short', bytes: `${ok}Content-Length: 5\r\n\r\nxy`, head: true },
  { name: 'chunks without an end', bytes: `${ok}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n`, head: true },
  {
    name: 'a chunk longer than it says',
    bytes: `${ok}Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n`,
    open: true,
  },
  { name: 'a chunk size that is none', bytes: `${ok}Transfer-Encoding: chunked\r\n\r\n-1\r\nx`, open: true },
  {
    name: 'another answer behind the chunks',
    bytes: `${ok}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${ok}\r\n`,
    open: true,
  },
  { name: 'a body after 204 (R61)', bytes: 'HTTP/1.1 204 No\r\n\r\nx', open: true },
  { name: 'a body after 304', bytes: 'HTTP/1.1 304 No\r\nContent-Length: 1\r\n\r\nx', open: true },
  { name: 'a body after HEAD', bytes: answer('x'), options: { method: 'HEAD' }, open: true },
  { name: 'content in a 205', bytes: 'HTTP/1.1 205 Reset\r\nContent-Length: 1\r\n\r\nx', open: true },
  {
    name: 'chunks in a 205',
    bytes: 'HTTP/1.1 205 Reset\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    open: true,
  },
  { name: 'a 205 that ends with its connection', bytes: 'HTTP/1.1 205 Reset\r\n\r\nx', open: true },
  { name: 'a status of 99', bytes: 'HTTP/1.1 099 Low\r\n\r\n', open: true },
  { name: 'a status of 999', bytes: 'HTTP/1.1 999 High\r\n\r\n', open: true },
  { name: 'a status of four digits', bytes: 'HTTP/1.1 2000 Long\r\n\r\n', open: true },
  {
    name: 'a 101 that nobody asked for (R55)',
    bytes: 'HTTP/1.1 101 Up\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
    open: true,
  },
  { name: 'a folded field (R56)', bytes: `${ok}A: 1\r\n b: 2\r\n\r\n`, open: true },
  { name: 'a bare CR in a value', bytes: `${ok}A: 1\rSet-Cookie: x\r\n\r\n`, open: true },
  { name: 'a bare LF in a value', bytes: `${ok}A: 1\nSet-Cookie: x\r\n\r\n`, open: true },
  { name: 'a NUL in a value', bytes: `${ok}A: 1\0\r\n\r\n`, open: true },
  { name: 'a space before a colon', bytes: `${ok}A : 1\r\n\r\n`, open: true },
  { name: 'a name that is none', bytes: `${ok}A(: 1\r\n\r\n`, open: true },
  { name: 'a line of metadata', bytes: `${ok}:target B\r\n\r\n`, open: true },
  { name: 'a control byte in the reason', bytes: 'HTTP/1.1 200 O\x01K\r\n\r\n', open: true },
  { name: 'line ends that are bare LF', bytes: 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', open: true },
  { name: 'HTTP/2', bytes: 'HTTP/2.0 200 OK\r\n\r\n', open: true },
  { name: 'HTTP/0.9', bytes: '<html></html>', open: true },
  { name: 'no HTTP', bytes: 'SSH-2.0-OpenSSH_9.2\r\n', open: true },
  { name: 'TLS', bytes: '\x15\x03\x01\x00\x02\x02\x46', open: true },
  { name: 'an empty line first', bytes: `\r\n${answer('x')}`, open: true },
  { name: 'half a head', bytes: `${ok}A: 1\r\n` },
  { name: 'an endless head (R69)', bytes: `${ok}${`A: ${'x'.repeat(1000)}\r\n`.repeat(60)}`, open: true },
  { name: 'an endless line', bytes: `${ok}A: ${'x'.repeat(60_000)}`, open: true },
  { name: 'fields without end', bytes: `${ok}${'A: 1\r\n'.repeat(1001)}\r\n`, open: true },
  {
    name: 'trailers without end',
    bytes: `${ok}Transfer-Encoding: chunked\r\n\r\n0\r\n${`A: ${'x'.repeat(1000)}\r\n`.repeat(2000)}`,
    open: true,
  },
  { name: 'a folded trailer', bytes: `${ok}Transfer-Encoding: chunked\r\n\r\n0\r\nA: 1\r\n b\r\n\r\n`, open: true },
  { name: 'a flood of 1xx', bytes: 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(1001), open: true },
  { name: 'megabytes of 1xx', bytes: `HTTP/1.1 103 Hints\r\nA: ${'x'.repeat(5000)}\r\n\r\n`.repeat(60), open: true },
  { name: 'nothing at all', bytes: '' },
];

describe('an origin that answers', () => {
  for (const { name, bytes, options, open, head } of cases) {
    for (const split of [false, true]) {
      if (split && bytes.length > 2000) continue;
      it(`${name}${split ? ' in two pieces' : ''} is a bad answer`, async () => {
        pair = await createOriginPair(async (connection) => {
          await connection.heads(1);
          if (split) {
            // Before the last byte, so that no end was told before the fault was there to see.
            connection.write(bytes.slice(0, Math.min(20, bytes.length >> 1)));
            await new Promise((resolve) => setImmediate(resolve));
            connection.write(bytes.slice(Math.min(20, bytes.length >> 1)));
          } else connection.write(bytes);
          if (!open) connection.socket.end();
        });
        const visit = await pair.visit({ ...options }).done();
        expect(visit.ended).toBe(false);
        expect(visit.failure?.reason).toBe('bad-answer');
        if (!head) expect(visit.text).toBe('');
        // Neither side keeps anything.
        await pair.connections[0]!.until(({ ended, closed }) => ended || closed);
        expect(pair.url.active).toBe(0);
        expect(pair.log.length).toBe(1);
        expect(pair.log[0]).toMatch(/^bad-answer: the answer of http:\/\/127\.0\.0\.1:\d+ is no good: /);
      });
    }
  }

  it('an endless head in small pieces is a bad answer (R69)', async () => {
    let pieces = 0;
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write(ok);
      for (; pieces < 400 && !connection.ended && !connection.closed; pieces++) {
        connection.write(`A: ${'x'.repeat(500)}\r\n`);
        await new Promise((resolve) => setImmediate(resolve));
      }
      connection.write('\r\n');
    });
    expect((await pair.visit().done()).failure?.reason).toBe('bad-answer');
    expect(pieces).toBeLessThan(400);
  });

  it('what nobody asked for loses its connection, and no visitor', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write(answer('ok'));
    });
    expect((await pair.visit().done()).text).toBe('ok');
    pair.connections[0]!.write(answer('poison'));
    await pair.connections[0]!.until(({ ended, closed }) => ended || closed);
    expect((await pair.visit().done()).text).toBe('ok');
    expect(pair.connections.length).toBe(2);
  });

  it('with a reset in the middle of a body leaves no clean end (R59)', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write(`${ok}\r\nsome`);
    });
    const visit = pair.visit();
    await visit.until(({ text }) => text === 'some');
    pair.connections[0]!.socket.resetAndDestroy();
    await visit.done();
    expect(visit.ended).toBe(false);
    expect(visit.failure?.reason).toBe('bad-answer');
  });

  it('noise neither crashes nor hangs', async () => {
    const parts = [
      ok,
      'HTTP/1.',
      '1 ',
      '\r\n',
      '\r\n\r\n',
      'Content-Length: ',
      '5',
      'Transfer-Encoding: chunked',
      ': ',
      '0\r\n',
      'HTTP/1.1 103 x\r\n',
    ];
    const noise = (): Buffer => {
      const length = randomBytes(1)[0]! % 12;
      const pieces = Array.from({ length }, () => {
        const at = randomBytes(1)[0]! % (parts.length + 4);
        return at < parts.length ? Buffer.from(parts[at]!) : randomBytes(randomBytes(1)[0]! % 40);
      });
      return Buffer.concat(pieces);
    };
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write(noise());
      await new Promise((resolve) => setImmediate(resolve));
      connection.write(noise());
      connection.socket.end();
    });
    for (let round = 0; round < 20; round++) {
      const visits = Array.from({ length: 40 }, (_, i) => {
        const method = ['GET', 'HEAD', 'POST'][i % 3]!;
        const upgrade = i % 5 === 0 ? ([['Upgrade', 'x']] as const) : [];
        const body = method === 'POST' || upgrade.length > 0 ? { body: new TestBody().end() } : {};
        return pair.visit({ method, fields: upgrade, ...body });
      });
      await Promise.all(visits.map((visit) => visit.done()));
    }
    expect(pair.gateway.mux.size + pair.url.active).toBeLessThanOrEqual(40);
  });
});
