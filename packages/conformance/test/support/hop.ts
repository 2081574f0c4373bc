import { once } from 'node:events';
import { type OutgoingHttpHeaders, request as sendRequest } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** What a hop between connector and gateway does to HTTP; nothing is said of what it passes. */
export interface HopOptions {
  /** Version that it speaks, both ways. Default 1.1. */
  readonly version?: '1.0' | '1.1';
  /** Closes each connection after one answer. */
  readonly closes?: boolean;
  /** Longer bodies of requests get 413, longer ones of answers become 502. */
  readonly maxBodyBytes?: number;
  /** What tells an answer's end: its length, the last chunk, or the end of the connection. Default: its length. */
  readonly framing?: 'length' | 'chunks' | 'end';
  /** Passes no field that it needs not know, neither way. */
  readonly strips?: boolean;
  /** Closes connections on which nothing has moved for so long, ms. */
  readonly idleMs?: number;
  /**
   * What becomes of a WebSocket's handshake: refused, with 403; passed without its `Upgrade`; never answered; answered,
   * whereupon nothing passes any more; passed, with the gateway's first message, whereupon nothing passes any more; passed,
   * and cut with the gateway's first message. Default: it passes.
   */
  readonly upgrades?: 'refused' | 'stripped' | 'swallowed' | 'mute' | 'falls-mute' | 'cut';
}

/** A hop that stands before a gateway. */
export interface Hop {
  /** Where to connect instead of the gateway behind it. */
  readonly url: string;
  /** Method and path of each request that came, and the status that it got. */
  readonly seen: string[];
  close(): Promise<void>;
}

const framings = {
  length: (bytes: number) => `Content-Length: ${bytes}\r\n`,
  chunks: () => 'Transfer-Encoding: chunked\r\n',
  end: () => '',
} as const;

interface Received {
  readonly line: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: Buffer;
  /** What came behind it. */
  readonly rest: Buffer;
}

/** Starts a {@link Hop} before the gateway of `url`. Whole bodies are taken before anything is passed on. */
export async function startHop(url: string, options: HopOptions = {}): Promise<Hop> {
  const { version = '1.1', maxBodyBytes = Number.POSITIVE_INFINITY, framing = 'length' } = options;
  const { closes = version === '1.0' || framing === 'end' } = options;
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const seen: string[] = [];

  const server = createServer({ noDelay: true }, (near) => {
    keep(near);
    let held: Buffer = Buffer.alloc(0);
    let isBusy = false;
    const next = async (): Promise<void> => {
      const request = isBusy ? undefined : received(held);
      if (!request) return;
      held = request.rest;
      if (request.fields.some(([name]) => name === 'upgrade') && options.upgrades !== 'stripped') {
        near.off('data', onData);
        return upgrade(near, request);
      }
      isBusy = true;
      await pass(near, request);
      isBusy = false;
      await next();
    };
    const onData = (bytes: Buffer): void => {
      held = Buffer.concat([held, bytes]);
      next().catch(() => near.destroy());
    };
    near.on('data', onData);
  });

  function keep(socket: Socket): void {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
    if (options.idleMs !== undefined) socket.setTimeout(options.idleMs, () => socket.destroy());
  }

  async function pass(near: Socket, { line, fields, body }: Received): Promise<void> {
    if (body.length > maxBodyBytes) return answer(near, line, 413, {}, Buffer.alloc(0));
    const [method, path] = line.split(' ');
    const headers = {
      ...Object.fromEntries(fields.filter(isPassed)),
      connection: 'close',
      'content-length': body.length,
    };
    const behind = sendRequest({ host: hostname, port, method: method!, path: path!, headers });
    behind.end(body);
    const [found] = await once(behind, 'response');
    const whole = await buffer(found);
    if (whole.length > maxBodyBytes) return answer(near, line, 502, {}, Buffer.alloc(0));
    answer(near, line, found.statusCode, options.strips ? {} : found.headers, whole);
  }

  function isPassed([name]: readonly [string, string]): boolean {
    if (name === 'upgrade' || name === 'connection') return false;
    return !options.strips || name === 'host' || name === 'content-length';
  }

  function answer(near: Socket, line: string, status: number, headers: OutgoingHttpHeaders, body: Buffer): void {
    seen.push(`${line} ${status}`);
    const { 'content-length': _, connection: _connection, 'transfer-encoding': _coding, ...others } = headers;
    const lines = Object.entries(others).map(([name, value]) => `${name}: ${value}\r\n`);
    near.write(`HTTP/${version} ${status} x\r\n${lines.join('')}${framings[framing](body.length)}`);
    near.write(`${closes ? 'Connection: close\r\n' : ''}\r\n`);
    if (framing === 'chunks' && body.length > 0) near.write(`${body.length.toString(16)}\r\n`);
    near.write(body);
    if (framing === 'chunks') near.write(body.length > 0 ? '\r\n0\r\n\r\n' : '0\r\n\r\n');
    if (closes) near.end();
  }

  function upgrade(near: Socket, { line, fields, rest }: Received): void {
    const { upgrades } = options;
    if (upgrades === 'refused') return answer(near, line, 403, {}, Buffer.alloc(0));
    seen.push(`${line} upgrade`);
    if (upgrades === 'swallowed') return;
    const far = connect({ host: hostname, port: Number(port), noDelay: true });
    keep(far);
    far.write(`${line} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
    far.write(rest);
    far.once('data', (handshake: Buffer) => {
      near.write(handshake);
      if (upgrades === 'mute') return near.resume();
      near.pipe(far);
      if (upgrades === 'cut') far.on('data', () => near.destroy());
      else if (upgrades === 'falls-mute') far.once('data', (first) => near.write(first));
      else far.pipe(near);
    });
    far.on('close', () => near.destroy());
    near.on('close', () => far.destroy());
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async close() {
      for (const socket of sockets) socket.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

/** The request that is whole at the beginning of `bytes`. */
function received(bytes: Buffer): Received | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n') + 4;
  if (headEnd < 4) return undefined;
  const [first = '', ...lines] = bytes.toString('latin1', 0, headEnd - 4).split('\r\n');
  const fields = lines.map((each) => {
    const colon = each.indexOf(':');
    return [each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim()] as const;
  });
  const length = Number(fields.find(([name]) => name === 'content-length')?.[1] ?? 0);
  if (bytes.length < headEnd + length) return undefined;
  const body = bytes.subarray(headEnd, headEnd + length);
  return { line: first.replace(/ HTTP\/1\.1$/, ''), fields, body, rest: bytes.subarray(headEnd + length) };
}
