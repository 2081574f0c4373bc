import { afterEach, describe, expect, it } from 'vitest';
import { answer, createOriginPair, type OriginPair } from './harness/raw-origin.js';
import { TestBody } from './harness/visitor.js';

let pair: OriginPair;
afterEach(() => pair.stop());

describe('forwarding', () => {
  it('sends the head as it came, but metadata, and relays the answer', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write(answer('hello', 'X-Y: 1\r\nConnection: keep-alive, x-z\r\nX-Z: 2\r\nKeep-Alive: timeout=5\r\n'));
    });
    const visit = await pair
      .visit({
        path: '/a?b=c',
        fields: [
          ['Accept', '*/*'],
          ['x-Odd', ' a  b'],
        ],
      })
      .done();
    expect(pair.connections[0]!.received).toBe(
      'GET /a?b=c HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\nx-Odd:  a  b\r\n\r\n',
    );
    expect(visit.head!.status).toBe(200);
    expect(visit.head!.raw).toEqual([
      ['X-Y', '1'],
      ['Content-Length', '5'],
    ]);
    expect(visit.text).toBe('hello');
    expect(pair.url.active).toBe(0);
  });

  it('keeps the connection for the next request', async () => {
    pair = await createOriginPair(async (connection) => {
      for (let i = 1; ; i++) {
        await connection.heads(i);
        connection.write(answer(`${i}`));
      }
    });
    for (let i = 1; i < 5; i++) expect((await pair.visit().done()).text).toBe(`${i}`);
    expect(pair.connections.length).toBe(1);
  });

  it('frames a body of unknown length in chunks, with trailers, in the write of its head', async () => {
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
});
