import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Slab } from '@reverse-http/protocol/pipe';
import {
  decodeHello,
  encodeControl,
  type Goodbye,
  type Hello,
  Session,
  type Transport,
  type TransportHandler,
  type Welcome,
} from '@reverse-http/protocol/session';
import { type WebSocket, WebSocketServer } from 'ws';
import { createNodeRuntime } from '../../src/node/runtime.js';
import { type TestVisit, type VisitOptions, visit } from './visitor.js';

/** What to say to a hello. */
export type Reply = { welcome?: Partial<Welcome> } | { refuse: Goodbye } | 'silence';

export interface FakeGateway {
  readonly url: string;
  readonly hellos: Hello[];
  readonly sockets: WebSocket[];
  /** The session that was opened last. */
  session: Session | undefined;
  /** Resolves with why the session that was opened first ended. */
  readonly sessionClosed: Promise<Goodbye>;
  reply: (hello: Hello) => Reply;
  /** Resolves when a hello with this number (from 1) has come and was answered. */
  greeted(count: number): Promise<Hello>;
  visit(options?: VisitOptions): TestVisit;
  close(): Promise<void>;
}

class SocketTransport implements Transport {
  readonly name = 'websocket';
  readonly maxMessageBytes = 256 * 1024;
  readonly writable = true;
  handler: TransportHandler = { onMessage() {}, onWritable() {}, onClosed() {} };
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (bytes: Buffer) => this.handler.onMessage(bytes));
    socket.on('close', () => this.handler.onClosed('closed'));
  }

  send(bytes: Uint8Array): void {
    this.#socket.send(bytes);
  }

  close(): void {
    this.#socket.close();
  }
}

/** A gateway of a few lines: takes hellos on a real WebSocket, opens or goes on with sessions. */
export async function createFakeGateway(
  other: RequestListener = (_req, res) => void res.writeHead(404).end(),
): Promise<FakeGateway> {
  const server: Server = createServer(other);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  const webSockets = new WebSocketServer({ noServer: true });
  const runtime = createNodeRuntime();
  const waiting: { count: number; resolve: (hello: Hello) => void }[] = [];
  let sessions = 0;
  let onSessionClosed: (reason: Goodbye) => void = () => {};

  const gateway: FakeGateway = {
    url: '',
    hellos: [],
    sockets: [],
    sessionClosed: new Promise((resolve) => {
      onSessionClosed = resolve;
    }),
    session: undefined,
    reply: () => ({}),
    greeted(count) {
      const hello = gateway.hellos[count - 1];
      if (hello) return Promise.resolve(hello);
      return new Promise((resolve) => waiting.push({ count, resolve }));
    },
    visit(options) {
      if (!gateway.session) throw new Error('no session');
      return visit(gateway.session.mux, options);
    },
    async close() {
      gateway.session?.close('closed');
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  const attach = (socket: WebSocket, hello: Hello, welcome: Partial<Welcome>): void => {
    const known = hello.resume && gateway.session?.id === hello.resume.session ? gateway.session : undefined;
    if (!known) sessions += 1;
    const session =
      known ??
      new Session({
        id: welcome.session ?? `fake.${sessions}`,
        opener: true,
        clock: runtime.clock,
        random: () => 0.5,
        defer: (fn) => void setImmediate(fn),
        slab: new Slab(),
        keepAliveMs: 15_000,
        resumeMs: 30_000,
        onStateChanged: (state) => state.state === 'closed' && onSessionClosed(state.reason),
      });
    gateway.session = session;
    const answer: Welcome = {
      version: 1,
      session: session.id,
      offset: session.receivedOffset,
      keepAliveMs: 15_000,
      resumeMs: 30_000,
      maxStreams: 1024,
      features: [],
      urls: { A: [`${gateway.url}gw/A/`] },
      notices: [],
      ...welcome,
    };
    socket.send(encodeControl(2, answer));
    session.attach(new SocketTransport(socket), hello.resume?.offset ?? 0);
  };

  webSockets.on('connection', (socket) => {
    gateway.sockets.push(socket);
    socket.once('message', (bytes: Buffer) => {
      const hello = decodeHello(bytes);
      if (!hello) return socket.close();
      const reply = gateway.reply(hello);
      if (reply === 'silence') return;
      if ('refuse' in reply) {
        socket.send(encodeControl(3, reply.refuse));
        socket.close();
      } else attach(socket, hello, reply.welcome ?? {});
      gateway.hellos.push(hello);
      for (const { count, resolve } of waiting) if (count === gateway.hellos.length) resolve(hello);
    });
  });
  server.on('upgrade', (request, socket, head) => {
    if (
      request.url === '/sub/.well-known/reverse-http/websocket' ||
      request.url === '/.well-known/reverse-http/websocket'
    ) {
      webSockets.handleUpgrade(request, socket, head, (opened) => webSockets.emit('connection', opened, request));
    } else socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(gateway, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
}
