import { Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { answer, createOriginPair, type OriginPair, type OriginPairOptions } from './harness/raw-origin.js';
import { TestBody, type VisitOptions } from './harness/visitor.js';

let pair: OriginPair;
afterEach(() => pair.stop());

/** Answers each request without a body with `ok`. */
async function echo(options: OriginPairOptions = {}): Promise<void> {
  pair = await createOriginPair(async (connection) => {
    for (let i = 1; ; i++) {
      await connection.heads(i);
      connection.write(answer('ok'));
    }
  }, options);
}

describe('a request', () => {
  it('keeps its head as it came, but for metadata; the answer loses what belongs to its connection (R55)', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write(answer('hello', 'X-Y: 1\r\nConnection: keep-alive, x-z\r\nX-Z: 2\r\nKeep-Alive: timeout=5\r\n'));
    });
    const fields = [
      ['Accept', '*/*'],
      ['x-Odd', ' a  b'],
    ] as const;
    const visit = await pair.visit({ path: '/a?b=c', fields }).done();
    const head = 'GET /a?b=c HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\nx-Odd:  a  b\r\n\r\n';
    expect(pair.connections[0]!.received).toBe(head);
    expect(visit.head!.status).toBe(200);
    expect(visit.head!.raw).toEqual([
      ['X-Y', '1'],
      ['Content-Length', '5'],
    ]);
    expect(visit.text).toBe('hello');
    expect(pair.url.active).toBe(0);
  });

  it('takes the connection that served the one before', async () => {
    await echo();
    for (let i = 1; i < 5; i++) expect((await pair.visit().done()).text).toBe('ok');
    expect(pair.connections.length).toBe(1);
  });

  it('takes the connection that was freed last', async () => {
    await echo();
    await Promise.all([pair.visit().done(), pair.visit().done(), pair.visit().done()]);
    expect(pair.connections.length).toBe(3);
    const before = pair.connections.map(({ received }) => received.length);
    for (let i = 0; i < 4; i++) await pair.visit().done();
    const grown = pair.connections.filter(({ received }, i) => received.length > before[i]!);
    expect(grown.length).toBe(1);
  });

  it('with a body of unknown length is chunked, with trailers (R53)', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.until(({ received }) => received.endsWith('X-T: 1\r\n\r\n'));
      connection.write(answer('ok'));
    });
    const body = new TestBody().push('hello').end('X-T: 1\r\n\r\n');
    expect((await pair.visit({ method: 'POST', body }).done()).text).toBe('ok');
    expect(pair.connections[0]!.received).toBe(
      'POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n',
    );
  });

  it('with a small body leaves in one write', async () => {
    pair = await createOriginPair(async (connection) => {
      for (let i = 1; ; i++) {
        await connection.until(({ received }) => received.split('hello').length > i);
        connection.write(answer('ok'));
      }
    });
    const visit = (): Promise<unknown> => {
      const fields = [['Content-Length', '5']] as const;
      return pair.visit({ method: 'POST', fields, body: new TestBody().push('hello').end() }).done();
    };
    await visit();
    const pieces: string[][] = [];
    type Writev = (this: Socket, chunks: { chunk: Buffer }[], callback: () => void) => void;
    const prototype = Socket.prototype as unknown as { _writev: Writev };
    const writev = prototype._writev;
    const spy = vi.spyOn(prototype, '_writev').mockImplementation(function (this: Socket, chunks, callback) {
      pieces.push(chunks.map(({ chunk }) => chunk.toString()));
      writev.call(this, chunks, callback);
    });
    await visit();
    spy.mockRestore();
    expect(pieces).toEqual([['POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\n', 'hello']]);
  });

  it('whose last byte has gone is whole, though the word of its end is still to come', async () => {
    pair = await createOriginPair(async (connection) => {
      for (let i = 1; ; i++) {
        await connection.until(({ received }) => received.split('hello').length > i);
        connection.write(answer('ok'));
      }
    });
    for (let i = 0; i < 2; i++) {
      const body = new TestBody().push('hello');
      const visit = await pair.visit({ method: 'POST', fields: [['Content-Length', '5']], body }).done();
      body.end();
      expect(visit.text).toBe('ok');
      expect(visit.stopped).toBe(false);
    }
    expect(pair.connections.length).toBe(1);
  });

  const targets: readonly [string, string, VisitOptions, OriginPairOptions, string][] = [
    [
      '//other.example/x stays a path',
      '//other.example/x',
      {},
      {},
      'GET //other.example/x HTTP/1.1\r\nHost: a.example',
    ],
    [
      'absolute-form goes to the origin all the same, its host in Host (RFC 9112, 3.2.2)',
      'http://other.example:81/x?y',
      {},
      {},
      'GET /x?y HTTP/1.1\r\nHost: other.example:81\r\n\r\n',
    ],
    ['absolute-form without a path', 'http://other.example', {}, {}, 'GET / HTTP/1.1\r\nHost: other.example\r\n\r\n'],
    ['an @ means nothing', '/@other.example/', {}, {}, 'GET /@other.example/ HTTP/1.1\r\nHost: a.example'],
    ['OPTIONS *', '*', { method: 'OPTIONS' }, {}, 'OPTIONS * HTTP/1.1\r\nHost: a.example'],
    [
      'a base path goes before',
      '/x?y=/../z',
      {},
      { origin: (port) => `http://127.0.0.1:${port}/base/` },
      'GET /base/x?y=/../z HTTP/1.1\r\n',
    ],
    [
      'a base path before an empty one',
      'http://other.example',
      {},
      { origin: (port) => `http://127.0.0.1:${port}/base` },
      'GET /base/ HTTP/1.1\r\n',
    ],
    [
      'OPTIONS * with a base path',
      '*',
      { method: 'OPTIONS' },
      { origin: (port) => `http://127.0.0.1:${port}/base` },
      'OPTIONS /base HTTP/1.1\r\n',
    ],
    [
      'TE: trailers is named in Connection (RFC 9110, 10.1.4)',
      '/',
      { fields: [['TE', 'trailers']] },
      {},
      'GET / HTTP/1.1\r\nHost: a.example\r\nTE: trailers\r\nConnection: TE\r\n\r\n',
    ],
    [
      'hostHeader rewrite',
      '/',
      {},
      { hostHeader: 'rewrite', origin: (port) => port },
      'GET / HTTP/1.1\r\nHost: localhost:',
    ],
    ['hostHeader NAME', '/', {}, { hostHeader: 'b.example:81' }, 'GET / HTTP/1.1\r\nHost: b.example:81\r\n\r\n'],
    [
      'hostHeader NAME against absolute-form',
      'http://other.example/',
      {},
      { hostHeader: 'b.example' },
      'GET / HTTP/1.1\r\nHost: b.example\r\n\r\n',
    ],
  ];
  for (const [name, path, options, settings, expected] of targets) {
    it(`has its target in origin-form: ${name}`, async () => {
      await echo(settings);
      const visit = await pair.visit({ ...options, path }).done();
      expect(visit.text).toBe('ok');
      expect(pair.connections[0]!.received.slice(0, expected.length)).toBe(expected);
    });
  }

  for (const path of [
    '/../x',
    '/a/..',
    '/%2e%2E/x',
    '/.%2e',
    '/a/..%2fx',
    '/..;x=1/y',
    '/%2e.%3B/y',
    '/a%5C..\\x',
    '/..?q',
    'http://o.example/../x',
  ]) {
    it(`does not leave a base path: ${path}`, async () => {
      await echo({ origin: (port) => `http://127.0.0.1:${port}/base` });
      const visit = await pair.visit({ path }).done();
      expect(visit.failure).toEqual({ reason: 'bad-request', detail: 'the path leaves the base path' });
      expect(pair.connections.length).toBe(0);
    });
  }

  it('R44 R45 TRACE is refused', async () => {
    await echo();
    const visit = await pair.visit({ method: 'TRACE' }).done();
    expect(visit.failure?.reason).toBe('bad-request');
    expect(pair.connections.length).toBe(0);
  });

  it('CONNECT is refused', async () => {
    await echo();
    const visit = await pair.visit({ method: 'CONNECT', path: 'other.example:443' }).done();
    expect(visit.failure?.reason).toBe('bad-request');
    expect(pair.connections.length).toBe(0);
  });

  it('beyond maxConnections waits its turn', async () => {
    await echo({ maxConnections: 2 });
    const visits = Array.from({ length: 20 }, () => pair.visit());
    for (const visit of visits) expect((await visit.done()).text).toBe('ok');
    expect(pair.connections.length).toBe(2);
    expect(pair.url.active).toBe(0);
  });
});

describe('a request that waits', () => {
  it('can leave', async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    pair = await createOriginPair(
      async (connection) => {
        for (let i = 1; ; i++) {
          await connection.heads(i);
          await released;
          connection.write(answer('ok'));
        }
      },
      { maxConnections: 1 },
    );
    const first = pair.visit();
    const leaves = pair.visit({ path: '/never' });
    const last = pair.visit();
    await (await pair.connection(0)).heads(1);
    expect(pair.url.active).toBe(3);
    leaves.exchange.abort('visitor-gone');
    while (pair.url.active === 3) await new Promise((resolve) => setImmediate(resolve));
    release();
    expect((await first.done()).text).toBe('ok');
    expect((await last.done()).text).toBe('ok');
    expect(pair.connections[0]!.received).not.toContain('/never');
  });

  it('is served by a new connection when the one it waits for closes', async () => {
    pair = await createOriginPair(
      async (connection) => {
        await connection.heads(1);
        connection.write(answer('ok', 'Connection: close\r\n'));
      },
      { maxConnections: 1 },
    );
    const visits = await Promise.all(Array.from({ length: 5 }, () => pair.visit().done()));
    expect(visits.map(({ text }) => text)).toEqual(Array(5).fill('ok'));
    expect(pair.connections.length).toBe(5);
  });
});

describe('interim answers (R63)', () => {
  it('are relayed in order, whatever their number, before the final one', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write(
        'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\nHTTP/1.1 1',
      );
      await new Promise((resolve) => setImmediate(resolve));
      connection.write('04 Odd\r\nConnection: x\r\nX: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    const visit = await pair.visit().done();
    expect(visit.interims.map(({ status }) => status)).toEqual([102, 103, 104]);
    expect(visit.interims[1]!.raw.length).toBe(2);
    expect(visit.interims[2]!.raw).toEqual([]);
    expect(visit.text).toBe('ok');
  });

  it('a 100 comes from the origin alone, and the body after it', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write('HTTP/1.1 100 Continue\r\n\r\n');
      await connection.until(({ received }) => received.endsWith('hello'));
      connection.write(answer('ok'));
    });
    const body = new TestBody();
    const fields = [
      ['Expect', '100-continue'],
      ['Content-Length', '5'],
    ] as const;
    const visit = pair.visit({ method: 'PUT', fields, body });
    await visit.until(({ interims }) => interims.length === 1);
    expect(visit.interims[0]!.status).toBe(100);
    expect(pair.connections[0]!.received).toContain('Expect: 100-continue\r\n');
    body.push('hello').end();
    expect((await visit.done()).text).toBe('ok');
  });

  it('a final answer in place of a 100 ends the upload, and its connection is not used again', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write('HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n');
    });
    const fields = [
      ['Expect', '100-continue'],
      ['Content-Length', '5'],
    ] as const;
    const visit = pair.visit({ method: 'PUT', fields, body: new TestBody() });
    await visit.until(({ ended, stopped }) => ended && stopped);
    expect(visit.head!.status).toBe(417);
    await (await pair.connection(0)).until(({ closed, ended }) => closed || ended);
  });
});

describe('an answer', () => {
  const whole: readonly [string, string, VisitOptions, (visit: { status: number; text: string }) => void][] = [
    [
      'chunked',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\n\r\n',
      {},
      ({ text }) => expect(text).toBe('abc'),
    ],
    [
      'to HEAD (R61)',
      'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n',
      { method: 'HEAD' },
      ({ text }) => expect(text).toBe(''),
    ],
    [
      'to HEAD, chunked',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      { method: 'HEAD' },
      ({ text }) => expect(text).toBe(''),
    ],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', {}, ({ status }) => expect(status).toBe(204)],
    ['205 (R62)', 'HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n', {}, ({ status }) => expect(status).toBe(205)],
    [
      '205, chunked',
      'HTTP/1.1 205 Reset\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      {},
      ({ status }) => expect(status).toBe(205),
    ],
    [
      '304 with a length',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n',
      {},
      ({ status }) => expect(status).toBe(304),
    ],
    [
      'behind interim ones',
      `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${answer('x')}`,
      {},
      ({ text }) => expect(text).toBe('x'),
    ],
    ['without a reason', 'HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx', {}, ({ text }) => expect(text).toBe('x')],
    [
      'of HTTP/1.0 that is kept',
      'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx',
      {},
      ({ text }) => expect(text).toBe('x'),
    ],
  ];
  for (const [name, bytes, options, check] of whole) {
    for (const split of [false, true]) {
      it(`is relayed: ${name}${split ? ', byte by byte' : ''}, and the connection used again`, async () => {
        pair = await createOriginPair(async (connection) => {
          for (let i = 1; ; i++) {
            await connection.heads(i);
            if (!split) connection.write(bytes);
            else
              for (const byte of bytes) {
                connection.write(byte);
                await new Promise((resolve) => setImmediate(resolve));
              }
          }
        });
        for (let i = 0; i < 2; i++) {
          const visit = await pair.visit(options).done();
          expect(visit.failure).toBeUndefined();
          check({ status: visit.head!.status, text: visit.text });
        }
        expect(pair.connections.length).toBe(1);
      });
    }
  }

  for (const head of [
    'HTTP/1.1 200 OK\r\nX: 1\r\n\r\n',
    'HTTP/1.0 200 OK\r\n\r\n',
    'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n',
  ]) {
    it(`that ends with its connection is whole: ${JSON.stringify(head)}`, async () => {
      pair = await createOriginPair(async (connection) => {
        await connection.heads(1);
        connection.write(`${head}some`);
        await new Promise((resolve) => setImmediate(resolve));
        connection.socket.end(' text');
      });
      const visit = await pair.visit().done();
      expect(visit.text).toBe('some text');
      expect(visit.head!.minorVersion).toBe(1);
      expect((await pair.visit().done()).text).toBe('some text');
      expect(pair.connections.length).toBe(2);
    });
  }

  it('has its trailers relayed, but those that a message must not have there (R53)', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-T: 1\r\nSet-Cookie: a=b\r\nHost: y\r\n\r\n',
      );
    });
    const visit = await pair.visit().done();
    expect(visit.text).toBe('x');
    expect(visit.trailers).toEqual([['X-T', '1']]);
  });

  it('that says close is relayed, and its connection closed', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write(answer('ok', 'Connection: close\r\n'));
    });
    expect((await pair.visit().done()).text).toBe('ok');
    await pair.connections[0]!.until(({ ended, closed }) => ended || closed);
  });

  it('has its first byte passed on when it comes (R68)', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
      connection.write('data: 1\n\n');
    });
    const visit = pair.visit();
    await visit.until(({ text }) => text === 'data: 1\n\n');
    expect(visit.ended).toBe(false);
    visit.exchange.abort('visitor-gone');
    await pair.connections[0]!.until(({ ended, closed }) => ended || closed);
    expect(pair.url.active).toBe(0);
  });

  it('that comes before the request is whole is relayed while the upload goes on (R64)', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
      await connection.until(({ received }) => received.endsWith('0\r\n\r\n'));
      connection.write('1\r\nb\r\n0\r\n\r\n');
    });
    const body = new TestBody().push('1');
    const visit = pair.visit({ method: 'POST', body });
    await visit.until(({ text }) => text === 'a');
    body.push('2').end();
    expect((await visit.done()).text).toBe('ab');
    expect(pair.connections[0]!.received).toContain('1\r\n1\r\n1\r\n2\r\n0\r\n\r\n');
  });
});
