import { afterEach, describe, expect, it } from 'vitest';
import { answer, createOriginPair, type OriginPair } from './harness/raw-origin.js';
import { TestBody } from './harness/visitor.js';

let pair: OriginPair;
afterEach(() => pair.stop());

const switching = 'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\nSec-X: y\r\n\r\n';
const fields = [
  ['Upgrade', 'x'],
  ['Sec-X', 'k'],
] as const;

describe('an upgrade', () => {
  it('carries bytes both ways, those that come with the handshake too, and each end by itself (R74-R76)', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write(`${switching}first`);
      await connection.until(({ received }) => received.endsWith('hello'));
      connection.write('second');
      connection.socket.end();
      await connection.until(({ ended }) => ended);
    });
    const body = new TestBody();
    const visit = pair.visit({ fields, body });
    await visit.until(({ text }) => text === 'first');
    expect(visit.head!.status).toBe(101);
    expect(visit.head!.raw).toEqual([
      ['Upgrade', 'x'],
      ['Sec-X', 'y'],
    ]);
    const head = 'GET / HTTP/1.1\r\nHost: a.example\r\nUpgrade: x\r\nSec-X: k\r\nConnection: Upgrade\r\n\r\n';
    expect(pair.connections[0]!.received).toBe(head);
    body.push('hello');
    await visit.done();
    expect(visit.text).toBe('firstsecond');
    // The origin's side ended; ours goes on.
    body.push('more');
    await pair.connections[0]!.until(({ received }) => received.endsWith('more'));
    expect(pair.connections[0]!.ended).toBe(false);
    body.end();
    await pair.connections[0]!.until(({ ended, closed }) => ended && closed);
    expect(pair.url.active).toBe(0);
    expect(pair.log).toEqual([]);
  });

  it('goes on when the visitor ends first', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write(switching);
      await connection.until(({ ended }) => ended);
      connection.socket.end('last word');
    });
    const body = new TestBody();
    const visit = pair.visit({ fields, body });
    await visit.until(({ upgraded }) => upgraded);
    body.push('x').end();
    expect((await visit.done()).text).toBe('last word');
    expect(visit.failure).toBeUndefined();
    expect(pair.url.active).toBe(0);
  });

  it('is whole for a visitor who reads it after both sides ended', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write(switching);
      await connection.until(({ ended }) => ended);
      connection.socket.end('x'.repeat(100_000));
    });
    const body = new TestBody();
    const visit = pair.visit({ fields, body, reads: false });
    await visit.until(({ upgraded }) => upgraded);
    body.end();
    await (await pair.connection(0)).until(({ closed }) => closed);
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(visit.failure).toBeUndefined();
    visit.reads = true;
    visit.read();
    expect((await visit.done()).received).toBe(100_000);
    expect(visit.failure).toBeUndefined();
  });

  it('that is not granted has an ordinary answer, and the connection serves again', async () => {
    pair = await createOriginPair(async (connection) => {
      for (let i = 1; ; i++) {
        await connection.heads(i);
        connection.write(answer('no'));
      }
    });
    for (let i = 0; i < 2; i++)
      expect((await pair.visit({ fields, body: new TestBody().end() }).done()).text).toBe('no');
    expect(pair.connections.length).toBe(1);
  });

  it('with a body is an ordinary request (R73)', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.until(({ received }) => received.endsWith('hello'));
      connection.write(answer('ok'));
    });
    const visit = pair.visit({
      method: 'POST',
      fields: [...fields, ['Content-Length', '5']],
      body: new TestBody().push('hello').end(),
    });
    expect((await visit.done()).text).toBe('ok');
    expect(pair.connections[0]!.received).not.toMatch(/Upgrade/);
  });

  it('that breaks is broken for the visitor too', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write(switching);
    });
    const visit = pair.visit({ fields, body: new TestBody() });
    await visit.until(({ upgraded }) => upgraded);
    pair.connections[0]!.socket.resetAndDestroy();
    expect((await visit.done()).failure?.reason).toBe('connector-lost');
    expect(pair.url.active).toBe(0);
  });

  it('that the visitor leaves closes the origin’s connection', async () => {
    pair = await createOriginPair(async (connection) => {
      await connection.heads(1);
      connection.write(switching);
    });
    const visit = pair.visit({ fields, body: new TestBody() });
    await visit.until(({ upgraded }) => upgraded);
    visit.exchange.abort('visitor-gone');
    await pair.connections[0]!.until(({ closed, ended }) => closed || ended);
    expect(pair.url.active).toBe(0);
  });

  it('does not count against maxConnections', async () => {
    pair = await createOriginPair(
      async (connection) => {
        await connection.heads(1);
        connection.write(connection.received.includes('Upgrade: x') ? switching : answer('ok'));
      },
      { maxConnections: 1 },
    );
    const first = pair.visit({ fields, body: new TestBody() });
    await first.until(({ upgraded }) => upgraded);
    const second = pair.visit({ fields, body: new TestBody() });
    await second.until(({ upgraded }) => upgraded);
    expect((await pair.visit().done()).text).toBe('ok');
  });
});
