import { createServer, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { createMemoryPair, type MemoryPair } from './harness/memory-pair.js';
import { TestBody, type TestVisit } from './harness/visitor.js';

let pair: MemoryPair;
afterEach(() => pair.close());
const settle = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
};
const handshake = [
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
] as const;

/** What a visitor's WebSocket client sees as its socket: the upgraded stream of an exchange. */
class VisitSocket extends Duplex {
  readonly body = new TestBody();
  visit: TestVisit | undefined;
  #request = '';

  constructor() {
    super({ allowHalfOpen: true });
  }

  setTimeout(): void {}
  setNoDelay(): void {}

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    if (this.visit) this.body.push(Buffer.from(chunk));
    else {
      this.#request += chunk.toString('latin1');
      if (this.#request.endsWith('\r\n\r\n')) void this.#open();
    }
    callback();
  }

  override _final(callback: () => void): void {
    this.body.end();
    callback();
  }

  async #open(): Promise<void> {
    const lines = this.#request.split('\r\n').slice(1, -2);
    const fields = lines
      .map((line) => line.split(': ', 2) as [string, string])
      .filter(([name]) => name !== 'Connection');
    const visit = pair.visit({ fields, body: this.body });
    this.visit = visit;
    let pushed = 0;
    await visit.until(({ head }) => head !== undefined);
    const head = visit.head!;
    this.push(
      `HTTP/1.1 ${head.status} x\r\nConnection: Upgrade\r\n${head.raw.map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n`,
    );
    await visit.until(({ pieces, ended, failure }) => {
      for (; pushed < pieces.length; pushed++) this.push(pieces[pushed]);
      return ended || failure !== undefined;
    });
    this.push(null);
  }
}

function dial(): WebSocket {
  return new WebSocket('ws://a.example/chat', {
    createConnection: () => new VisitSocket() as never,
    perMessageDeflate: false,
  });
}

describe('an upgrade', () => {
  for (const kind of ['server', 'noServer'] as const) {
    it(`reaches a WebSocketServer made with ${kind}`, async () => {
      const server = createServer();
      const sockets = new WebSocketServer(kind === 'server' ? { server } : { noServer: true });
      if (kind === 'noServer') {
        server.on('upgrade', (req, socket, head) =>
          sockets.handleUpgrade(req, socket, head, (ws) => sockets.emit('connection', ws, req)),
        );
      }
      let request: IncomingMessage | undefined;
      sockets.on('connection', (socket, req) => {
        request = req;
        socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
      });
      pair = createMemoryPair(server);
      const client = dial();
      const got: string[] = [];
      const all = new Promise<void>((resolve) => {
        client.on('message', (data: Buffer) => {
          got.push(data.toString());
          if (got.length === 10_000) resolve();
        });
      });
      await new Promise((resolve) => client.on('open', resolve));
      for (let i = 0; i < 10_000; i++) client.send(`message ${i}`);
      await all;
      expect(got.every((text, i) => text === `message ${i}`)).toBe(true);
      expect(request?.socket.remoteAddress).toBe('203.0.113.7');
      expect(request?.headers.upgrade).toBe('websocket');
      const closed = new Promise((resolve) => client.on('close', resolve));
      client.close(4001, 'bye');
      expect(await closed).toBe(4001);
      await settle();
      expect(pair.acceptor.active).toBe(0);
    });
  }

  it('that is refused is an ordinary answer', async () => {
    const server = createServer();
    server.on('upgrade', (_req, socket) => {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 6\r\n\r\nno way');
    });
    pair = createMemoryPair(server);
    const answer = await pair.visit({ fields: handshake, body: new TestBody() }).done();
    expect([answer.head?.status, answer.text, answer.upgraded]).toEqual([401, 'no way', false]);
    expect(answer.head?.get('connection')).toBeUndefined();
    await settle();
    expect(pair.acceptor.active).toBe(0);
    server.removeAllListeners('upgrade').on('upgrade', (_req, socket) => {
      socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
    });
    const empty = await pair.visit({ fields: handshake, body: new TestBody() }).done();
    expect([empty.head?.status, empty.ended, empty.failure]).toEqual([400, true, undefined]);
  });

  it('that nobody listens for is an ordinary request', async () => {
    let request: IncomingMessage | undefined;
    pair = createMemoryPair((req, res) => {
      request = req;
      res.end('plain');
    });
    const answer = await pair.visit({ fields: handshake, body: new TestBody().end() }).done();
    expect(answer.text).toBe('plain');
    expect(request?.headers.upgrade).toBeUndefined();
  });

  it('keeps half-closes apart, and bytes that came with the handshake', async () => {
    const server = createServer();
    const heard: string[] = [];
    server.on('upgrade', (_req, socket, head) => {
      heard.push(head.toString());
      socket.on('data', (data: Buffer) => heard.push(data.toString()));
      socket.on('end', () => {
        heard.push('end');
        socket.end('last words');
      });
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nfirst ');
    });
    pair = createMemoryPair(server);
    const body = new TestBody().push('early');
    const answer = pair.visit({ fields: [['Upgrade', 'echo']], body });
    await answer.until(({ text }) => text === 'first ');
    expect(answer.upgraded).toBe(true);
    expect(answer.head?.get('upgrade')).toBe('echo');
    body.push('later');
    await settle();
    body.end();
    await answer.done();
    expect(answer.text).toBe('first last words');
    expect(heard.join('|')).toMatch(/^\|?early\|later\|end$/);
    await settle();
    expect(pair.acceptor.active).toBe(0);
  });

  it('holds both sides back', async () => {
    const server = createServer();
    let written = 0;
    server.on('upgrade', (_req, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
      const more = (): void => {
        while (written < 2_000_000) {
          written += 10_000;
          if (!socket.write(Buffer.alloc(10_000))) return void socket.once('drain', more);
        }
        socket.end();
      };
      more();
    });
    pair = createMemoryPair(server);
    const body = new TestBody().push(Buffer.alloc(500_000));
    const answer = pair.visit({ fields: [['Upgrade', 'x']], body, reads: false });
    await settle();
    expect(written).toBeLessThan(300_000);
    expect(body.taken).toBeLessThan(200_000);
    answer.reads = true;
    answer.read();
    await answer.done();
    expect(answer.received).toBe(2_000_000);
    answer.exchange.abort('visitor-gone');
    await settle();
    expect(pair.acceptor.active).toBe(0);
  });

  it('ends with the connection, whoever ends it', async () => {
    const server = createServer();
    let close: () => void = () => {};
    const events: string[] = [];
    server.on('upgrade', (_req, socket) => {
      close = () => socket.destroy();
      socket.on('close', () => events.push('close'));
      socket.on('error', () => events.push('error'));
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
    });
    pair = createMemoryPair(server);
    const options = { fields: [['Upgrade', 'x']] as const, body: new TestBody() };
    const first = pair.visit(options);
    await first.until(({ upgraded }) => upgraded);
    close();
    expect((await first.done()).failure?.reason).toBe('connector-lost');
    const second = pair.visit({ ...options, body: new TestBody() });
    await second.until(({ upgraded }) => upgraded);
    second.exchange.abort('visitor-gone');
    await settle();
    expect(events).toEqual(['close', 'close']);
    const never = pair.visit({ fields: [['Upgrade', 'x']], body: new TestBody() });
    server.removeAllListeners('upgrade').on('upgrade', (_req, socket) => socket.destroy());
    expect((await never.done()).failure?.reason).toBe('upgrade-failed');
    await settle();
    expect(pair.acceptor.active).toBe(0);
  });
});
