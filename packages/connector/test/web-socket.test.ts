import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import type { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { TransportHandler } from '@reverse-http/protocol/session';
import { afterEach, describe, expect, it } from 'vitest';
import type { DialledTransport } from '../src/link/dialler.js';
import { proxiesFor } from '../src/node/proxy/proxies.js';
import { createWebSocketDialler } from '../src/node/transport/web-socket.js';

const opened: (Server | TcpServer)[] = [];
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const server of opened.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listen<T extends Server | TcpServer>(server: T): Promise<string> {
  opened.push(server);
  (server as TcpServer).on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** A WebSocket server down to its bytes: what came from the client after the handshake. */
function rawServer(onSocket: (socket: Socket, path: string) => void): Server {
  const server = createServer();
  server.on('upgrade', (req, socket) => {
    const accept = createHash('sha1')
      .update(`${req.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    onSocket(
      socket as Socket,
      `${req.url} ${req.headers['sec-websocket-protocol']} ${req.headers['sec-websocket-extensions']}`,
    );
  });
  return server;
}

/** The handler is set as soon as there is a transport: messages may come in the same packet as the handshake. */
function dial(url: string, handler?: TransportHandler): Promise<DialledTransport> {
  return new Promise((resolve, onFailed) => {
    createWebSocketDialler({ handshakeTimeoutMs: 300 }).dial(url, {
      onOpened(transport) {
        if (handler) transport.handler = handler;
        resolve(transport);
      },
      onFailed,
    });
  });
}
const failure = (url: string): Promise<ReverseHttpError> =>
  dial(url).then(
    () => expect.unreachable(),
    (error) => error,
  );

describe('a WebSocket', () => {
  it('asks for nothing but the endpoint, and masks with zeros once that is agreed', async () => {
    let path = '';
    const bytes: Buffer[] = [];
    let wake = (): void => {};
    const url = await listen(
      rawServer((socket, asked) => {
        path = asked;
        socket.on('data', (data) => {
          bytes.push(data);
          wake();
        });
      }),
    );
    const came = (length: number): Promise<Buffer> =>
      new Promise((resolve) => {
        wake = () => {
          const all = Buffer.concat(bytes);
          if (all.length >= length) resolve(all);
        };
        wake();
      });
    const transport = await dial(`${url}gate/`);
    expect(path).toBe('/gate/.well-known/reverse-http/websocket undefined undefined');
    const before = transport.movedBytes!;
    transport.send(Buffer.from('four'));
    const first = await came(10);
    expect(first.subarray(0, 2).toString('hex')).toBe('8284');
    expect(first.readUInt32BE(2)).not.toBe(0);
    // What the kernel took is no sign of life: it takes a dead link's bytes too.
    expect(transport.movedBytes! - before).toBe(0);
    transport.onAgreed(['zero-mask']);
    transport.send(Buffer.from('five!'));
    const second = (await came(21)).subarray(10);
    expect(second.toString('latin1')).toBe('\x82\x85\0\0\0\0five!');
    transport.close();
  });

  it('is offered zero masks only where nobody reads along', () => {
    const { featuresFor } = createWebSocketDialler();
    const offers = [
      'https://gw.example',
      'http://127.0.0.1:1/',
      'http://a.localhost/',
      'http://[::1]/',
      'http://gw.example/',
    ];
    expect(offers.map((url) => featuresFor(url).length)).toEqual([1, 1, 1, 1, 0]);
    // A proxy that the gateway's own machine is reached through reads what is not in TLS.
    const proxied = createWebSocketDialler({ proxies: proxiesFor(offers, 'http://proxy:3128', {}) });
    expect(offers.map((url) => proxied.featuresFor(url).length)).toEqual([1, 0, 0, 0, 0]);
  });

  it('passes whole messages on, and the end', async () => {
    const url = await listen(
      rawServer((socket) => {
        socket.write(Buffer.from([0x82, 3, 1, 2, 3, 0x02, 1, 4, 0x80, 1, 5]));
        socket.end(Buffer.from([0x88, 0]));
      }),
    );
    const heard: string[] = [];
    let transport: DialledTransport | undefined;
    await new Promise<void>((resolve) => {
      const opening = dial(url, {
        onMessage: (bytes) => heard.push(Buffer.from(bytes).toString('hex')),
        onWritable() {},
        onClosed() {
          heard.push('closed');
          resolve();
        },
      });
      opening.then((opened) => {
        transport = opened;
      });
    });
    expect(heard).toEqual(['010203', '0405', 'closed']);
    expect(transport?.writable).toBe(false);
    transport?.send(Buffer.from('late'));
  });

  it('that brings text is closed', async () => {
    const url = await listen(rawServer((socket) => socket.write(Buffer.from([0x81, 1, 0x61]))));
    const detail = await new Promise((onClosed) => dial(url, { onMessage() {}, onWritable() {}, onClosed }));
    expect(detail).toBe('a message that is not binary');
  });

  it('asks its writer to wait while the peer does not read', async () => {
    let paused: Socket | undefined;
    const url = await listen(
      rawServer((socket) => {
        socket.pause();
        paused = socket;
      }),
    );
    const transport = await dial(url);
    let sent = 0;
    for (; transport.writable && sent < 1000; sent++) transport.send(Buffer.alloc(100_000));
    expect(sent).toBeLessThan(1000);
    const writable = new Promise<void>((resolve) => {
      transport.handler = { onMessage() {}, onWritable: resolve, onClosed() {} };
    });
    paused?.resume();
    paused?.on('data', () => {});
    await writable;
    expect(transport.writable).toBe(true);
  });
});

describe('what is no gateway', () => {
  it('is told from one that is down', async () => {
    const page = await listen(createServer((_req, res) => res.end('<html>')));
    const login = await listen(createServer((_req, res) => res.writeHead(401).end()));
    const proxy = await listen(createServer((_req, res) => res.writeHead(503).end()));
    const noise = await listen(createTcpServer((socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n')));
    const liar = await listen(
      createServer().on('upgrade', (_req, socket) =>
        socket.end('HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
      ),
    );
    const deaf = await listen(createTcpServer(() => {}));
    const gone = await listen(createTcpServer());
    await new Promise((resolve) => opened.pop()!.close(resolve));
    const codes: string[] = [];
    for (const url of [page, login, noise, liar, proxy, deaf, gone]) {
      const { code, retryable, message } = await failure(url);
      expect(message).toContain(url);
      codes.push(`${code} ${retryable}`);
    }
    expect(codes).toEqual([...Array(4).fill('not-a-gateway true'), ...Array(3).fill('unreachable true')]);
  });

  it('is not heard of any more once given up', async () => {
    const url = await listen(createTcpServer(() => {}));
    const giveUp = createWebSocketDialler().dial(url, {
      onOpened: () => expect.unreachable(),
      onFailed: () => expect.unreachable(),
    });
    giveUp();
    await new Promise((resolve) => setImmediate(resolve));
  });
});
