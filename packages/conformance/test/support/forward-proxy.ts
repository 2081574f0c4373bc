import { once } from 'node:events';
import { createServer, type IncomingMessage, request as sendRequest } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** An outbound HTTP proxy: tunnels, and requests with a whole URL. */
export interface ForwardProxy {
  readonly url: string;
  /** The request lines that came, without their version. */
  readonly seen: string[];
  /** `Proxy-Authorization` of the last request. */
  readonly authorization: string | undefined;
  close(): Promise<void>;
}

/** What a {@link ForwardProxy} does not do as it should. */
export interface ForwardProxyOptions {
  /** `name:password` that it asks for. */
  readonly credentials?: string;
  readonly refusesConnect?: boolean;
  /** Refuses requests with a whole URL. */
  readonly refusesPlain?: boolean;
  /** Where names lead that no DNS knows: all of them to a port of this machine. */
  readonly to?: number;
  /** Speaks TLS itself. */
  readonly identity?: Pick<ServerOptions, 'key' | 'cert'>;
}

/** Starts a {@link ForwardProxy}. */
export async function startForwardProxy(options: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const { credentials, refusesConnect, refusesPlain, to, identity } = options;
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  let authorization: string | undefined;
  const expected = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;

  function isLetIn(request: IncomingMessage): boolean {
    seen.push(`${request.method} ${request.url}`);
    authorization = request.headers['proxy-authorization'];
    return expected === undefined || authorization === expected;
  }

  const server = identity ? createSecureServer(identity) : createServer();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
  });
  server.on('request', (request, response) => {
    if (!isLetIn(request)) return response.writeHead(407, { 'Proxy-Authenticate': 'Basic realm="proxy"' }).end('who?');
    if (refusesPlain) return response.writeHead(403).end('no');
    const { hostname, port, pathname } = new URL(request.url!);
    const { 'proxy-authorization': _, ...headers } = request.headers;
    const onward = { host: to ? '127.0.0.1' : hostname, port: to ?? port, path: pathname, method: 'POST', headers };
    const behind = sendRequest(onward, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    behind.on('error', () => response.destroy());
    request.pipe(behind);
  });
  server.on('connect', (request: IncomingMessage, near: Socket) => {
    if (!isLetIn(request)) {
      return near.end('HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 4\r\n\r\nwho?');
    }
    if (refusesConnect) return near.end('HTTP/1.0 403 Forbidden\r\nContent-Type: text/html\r\n\r\n<p>No.');
    const { hostname, port } = new URL(`tunnel://${request.url}`);
    const far = connect(to ?? Number(port), to ? '127.0.0.1' : hostname);
    far.once('connect', () => {
      near.write('HTTP/1.0 200 Connection established\r\n\r\n');
      near.pipe(far).pipe(near);
    });
    far.on('error', () => near.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    far.on('close', () => near.destroy());
    near.on('error', () => {}).on('close', () => far.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: identity ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    seen,
    get authorization() {
      return authorization;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
