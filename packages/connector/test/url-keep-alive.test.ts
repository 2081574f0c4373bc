import { afterEach, describe, expect, it } from 'vitest';
import { answer, createOriginPair, type OriginPair, type RawConnection } from './harness/raw-origin.js';
import { TestBody, type VisitOptions } from './harness/visitor.js';

let pair: OriginPair;
afterEach(() => pair.stop());

/** Serves one request on the first connection, then lets `end` deal with the second; later connections serve all. */
async function race(end: (connection: RawConnection, first: number) => unknown): Promise<void> {
  pair = await createOriginPair(async (connection) => {
    if (connection.index === 0) {
      await connection.heads(1);
      connection.write(answer('ok'));
      return end(connection, connection.received.length);
    }
    const { received } = await connection.heads(1);
    if (received.includes('chunked')) await connection.until((now) => now.received.endsWith('0\r\n\r\n'));
    connection.write(received.startsWith('HEAD') ? answer('') : answer('ok'));
  });
  expect((await pair.visit().done()).text).toBe('ok');
}

/** Closes as soon as so many bytes of a second request came. */
function closeAfter(bytes: number, how: 'end' | 'reset') {
  return async (connection: RawConnection, first: number) => {
    await connection.until(({ received }) => received.length >= first + bytes);
    if (how === 'reset') connection.socket.resetAndDestroy();
    else connection.socket.destroy();
  };
}

describe('a kept connection that dies under a request', () => {
  for (const how of ['end', 'reset'] as const) {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
      it(`costs an idempotent one nothing: ${method}, ${how}`, async () => {
        await race(closeAfter(1, how));
        const visit = await pair.visit({ method, path: '/again' }).done();
        expect(visit.failure).toBeUndefined();
        expect(visit.head!.status).toBe(200);
        expect(pair.connections.length).toBe(2);
        // Byte for byte the same.
        expect(pair.connections[0]!.received).toContain(`${method} /again`);
        expect(pair.connections[1]!.received).toBe(`${method} /again HTTP/1.1\r\nHost: a.example\r\n\r\n`);
      });
    }

    for (const method of ['POST', 'PATCH', 'SUBSCRIBE']) {
      it(`is a bad answer to another one, which is not sent twice: ${method}, ${how}`, async () => {
        await race(closeAfter(1, how));
        const visit = await pair.visit({ method }).done();
        expect(visit.failure?.reason).toBe('bad-answer');
        expect(pair.connections.length).toBe(1);
      });
    }
  }

  it('has a body that is kept sent again, with what comes after', async () => {
    await race(closeAfter(60, 'end'));
    const body = new TestBody().push('first');
    const visit = pair.visit({ method: 'PUT', body });
    await (await pair.connection(1)).until(({ received }) => received.endsWith('5\r\nfirst\r\n'));
    body.push('second').end();
    expect((await visit.done()).text).toBe('ok');
    const expected =
      'PUT / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n';
    await pair.connections[1]!.until(({ received }) => received.length >= expected.length);
    expect(pair.connections[1]!.received).toBe(expected);
  });

  it('has a body beyond what is kept lost', async () => {
    await race(closeAfter(100_000, 'end'));
    const fields = [['Content-Length', '200000']] as const;
    const body = new TestBody().push(Buffer.alloc(200_000)).end();
    const visit = await pair.visit({ method: 'PUT', fields, body }).done();
    expect(visit.failure?.reason).toBe('bad-answer');
    expect(pair.connections.length).toBe(1);
  });

  it('is no reason to repeat a request that was answered in part', async () => {
    await race(async (connection, first) => {
      await connection.until(({ received }) => received.length > first);
      connection.socket.end('HTTP/1.1 ');
    });
    const visit = await pair.visit().done();
    expect(visit.failure?.reason).toBe('bad-answer');
    expect(pair.connections.length).toBe(1);
  });

  it('is no reason to repeat a request more than once', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      if (connection.index > 0) return connection.socket.destroy();
      connection.write(answer('ok'));
      await connection.heads(2);
      connection.socket.destroy();
    });
    await pair.visit().done();
    const visit = await pair.visit().done();
    expect(visit.failure?.reason).toBe('bad-answer');
    expect(pair.connections.length).toBe(2);
  });

  it('a fresh one that dies without an answer is no reason either', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.socket.destroy();
    });
    const visit = await pair.visit().done();
    expect(visit.failure).toEqual({ reason: 'bad-answer', detail: 'the connection was closed without an answer' });
    expect(pair.connections.length).toBe(1);
  });

  it('leads to origin-refused when nobody listens any more', async () => {
    await race(async (connection) => {
      await connection.heads(2);
      pair.server.close();
      connection.socket.destroy();
    });
    const visit = await pair.visit().done();
    expect(visit.failure?.reason).toBe('origin-refused');
  });

  it('is given up together with its visitor', async () => {
    await race(closeAfter(1, 'end'));
    const visit = pair.visit();
    await pair.connections[0]!.until(({ closed }) => closed);
    visit.exchange.abort('visitor-gone');
    expect((await pair.visit().done()).text).toBe('ok');
    expect(pair.url.active).toBe(0);
  });
});

describe('an idle connection', () => {
  it('that the origin closed is not used, whatever the method', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.socket.end(answer('ok'));
    });
    for (let i = 0; i < 3; i++) {
      await pair.visit({ method: 'POST' }).done();
      await pair.connections[i]!.until(({ closed, ended }) => closed || ended);
    }
    expect(pair.connections.length).toBe(3);
  });

  const limits: readonly [string, string, number | undefined, boolean][] = [
    ['past its time', '', 1, false],
    ['within it', '', 60_000, true],
    ['not at all', '', 0, false],
    ['less than the origin says', 'Keep-Alive: timeout=1\r\n', undefined, false],
    ['as the origin says', 'Keep-Alive: timeout=100, max=5\r\n', undefined, true],
    ['as before where the origin says nothing clear', 'Keep-Alive: max=5\r\n', undefined, true],
  ];
  for (const [name, fields, idleTimeoutMs, kept] of limits) {
    it(`is kept ${name}`, async () => {
      const serve = async (connection: RawConnection): Promise<void> => {
        for (let i = 1; ; i++) {
          await connection.heads(i);
          connection.write(answer('ok', fields));
        }
      };
      pair = await createOriginPair(serve, idleTimeoutMs === undefined ? {} : { idleTimeoutMs });
      await pair.visit().done();
      const until = performance.now() + 5;
      while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve));
      await pair.visit().done();
      expect(pair.connections.length).toBe(kept ? 1 : 2);
    });
  }
});

describe('an origin that takes no connections', () => {
  const refused: VisitOptions[] = [{}, { method: 'POST', body: new TestBody().push('x').end() }];

  it('is told of once, and once more when it is back', async () => {
    const states: unknown[] = [];
    pair = await createOriginPair(
      async (connection) => {
        await connection.heads(1);
        connection.write(answer('ok', 'Connection: close\r\n'));
      },
      { onState: ({ state }) => states.push(state) },
    );
    const { port } = pair;
    await new Promise((resolve) => pair.server.close(resolve));
    for (const options of refused) {
      const visit = await pair.visit(options).done();
      expect(visit.failure?.reason).toBe('origin-refused');
      expect(visit.failure?.detail).not.toContain(`${port}`);
    }
    const line = `Nothing listens on http://127.0.0.1:${port} yet; visitors get 502 origin-refused until it does.`;
    expect(pair.log).toEqual([line, `origin-refused: ${line}`]);
    await new Promise<void>((resolve) => void pair.server.listen(port, '127.0.0.1', resolve));
    expect((await pair.visit().done()).text).toBe('ok');
    expect(pair.log.length).toBe(3);
    expect(states).toEqual(['refused', 'reachable']);
    expect(pair.url.active).toBe(0);
  });

  it('does so for all who wait', async () => {
    pair = await createOriginPair(() => {}, { maxConnections: 2 });
    await new Promise((resolve) => pair.server.close(resolve));
    const visits = await Promise.all(Array.from({ length: 10 }, () => pair.visit().done()));
    expect(visits.map(({ failure }) => failure?.reason)).toEqual(Array(10).fill('origin-refused'));
  });

  it('in time is refused too', async () => {
    // The TLS handshake is never answered.
    pair = await createOriginPair(() => {}, { connectTimeoutMs: 50, origin: (port) => `https://127.0.0.1:${port}` });
    const visit = await pair.visit().done();
    expect(visit.failure?.reason).toBe('origin-refused');
    expect(pair.log[0]).toContain('does not take connections in time');
  });
});
