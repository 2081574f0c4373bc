import type { IncomingMessage } from 'node:http';
import type { LookupFunction, NetConnectOpts, Socket } from 'node:net';
import type { ReverseHttpError } from '@reverse-http/protocol/errors';
import { features, movedBytesOf, type TransportHandler } from '@reverse-http/protocol/session';
import WebSocket, { type ClientOptions } from 'ws';
import { isLoopback } from '../../connect-options.js';
import { answeredWith, cannotBeReached, speaksOtherwise } from '../../link/dial-errors.js';
import type { DialHandler, DialledTransport, Dialler } from '../../link/dialler.js';
import { createLookup } from '../client/lookup.js';
import { serverAddressOf } from '../client/server-address.js';
import { nodeClock } from '../node-clock.js';
import type { Proxies } from '../proxy/proxies.js';
import { openTunnel } from '../proxy/tunnel.js';
import { createMaskSource } from './mask-source.js';
import { type BlockReads, createBlockReads } from './read-blocks.js';

/** How the gateway's certificate is checked, and what the connector shows of itself. */
export interface TlsOptions {
  /** Certificates of authorities to trust instead of the system's, PEM. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  /** A client certificate, PEM. */
  readonly cert?: string | Buffer;
  /** Its key, PEM. */
  readonly key?: string | Buffer;
}

/** Settings of {@link createWebSocketDialler}. */
export interface WebSocketDiallerOptions {
  readonly tls?: TlsOptions;
  /** Which gateways are dialled through a proxy. */
  readonly proxies?: Proxies;
  /** TCP, TLS and HTTP together must be done within this, ms. Default 10,000. */
  readonly handshakeTimeoutMs?: number;
}

/** Where a gateway takes WebSockets of connectors, below its URL. */
const endpoint = '.well-known/reverse-http/websocket';
/** Longest message sent, bytes. */
const maxMessageBytes = 256 * 1024;
/** Longest message taken: a gateway of another make may send more at once than ours. */
const maxPayload = 1024 * 1024;
/** More than this not yet taken by the kernel, and writing waits. */
const maxBufferedBytes = 256 * 1024;
/** The closing handshake may take this long, ms. */
const closeTimeoutMs = 2000;

/** Dials gateways by WebSocket (RFC 6455): one binary message a protocol message, no compression, no subprotocol. */
export function createWebSocketDialler(options: WebSocketDiallerOptions = {}): Dialler {
  const { tls, proxies } = options;
  const lookup = createLookup();
  return {
    name: 'websocket',
    featuresFor(gateway) {
      const url = new URL(gateway);
      return hidesBytes(url, proxies?.has(url.origin) ?? false) ? [features.zeroMask] : [];
    },
    dial(gateway, handler) {
      const url = new URL(gateway);
      const proxy = proxies?.get(url.origin);
      if (!proxy && url.protocol === 'https:') return dialBy({ lookup }, gateway, handler, options);
      if (!proxy) {
        const reads = createBlockReads();
        const createConnection = (where: NetConnectOpts): Socket => reads.connect({ ...where, lookup });
        return dialBy({ createConnection }, gateway, handler, options, reads);
      }
      // The way is there, TLS and all, before the WebSocket begins.
      let hangUp = openTunnel(
        { proxy, address: serverAddressOf(url), tls: (tls ?? {}) as object, clock: nodeClock, lookup },
        {
          onOpened(socket) {
            hangUp = dialBy({ createConnection: () => socket }, gateway, handler, options);
          },
          onFailed: (error) => handler.onFailed(cannotBeReached(gateway, error.message, error)),
        },
      );
      return () => hangUp();
    },
  };
}

/** @param way How the gateway's address is found, or a socket that leads there already. */
function dialBy(
  way: { readonly lookup: LookupFunction } | { readonly createConnection: (where: NetConnectOpts) => Socket },
  gateway: string,
  handler: DialHandler,
  { tls, handshakeTimeoutMs = 10_000 }: WebSocketDiallerOptions,
  reads?: BlockReads,
): () => void {
  const mask = createMaskSource();
  const socket = new WebSocket(endpointOf(gateway), {
    perMessageDeflate: false,
    autoPong: false,
    skipUTF8Validation: true,
    followRedirects: false,
    handshakeTimeout: handshakeTimeoutMs,
    maxPayload,
    generateMask: mask.fill,
    ...(tls as ClientOptions | undefined),
    ...(way as ClientOptions),
  });
  return watchDial(gateway, socket, new WebSocketTransport(socket, mask.useZero, reads), handler);
}

/**
 * Masks keep a hostile page from writing bytes of its choice through a proxy on the way (RFC 6455, section 10.3). Nobody
 * reads along inside TLS or on loopback.
 */
function hidesBytes(url: URL, isProxied: boolean): boolean {
  return url.protocol === 'https:' || (isLoopback(url) && !isProxied);
}

function endpointOf(gateway: string): string {
  const url = new URL(endpoint, gateway);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

function watchDial(
  gateway: string,
  socket: WebSocket,
  transport: WebSocketTransport,
  handler: DialHandler,
): () => void {
  let over = false;
  const fail = (error: ReverseHttpError): void => {
    if (over) return;
    over = true;
    socket.terminate();
    handler.onFailed(error);
  };
  socket.on('open', () => {
    if (over) return;
    over = true;
    handler.onOpened(transport);
  });
  socket.on('unexpected-response', (_request, { statusCode = 0 }: IncomingMessage) =>
    fail(answeredWith(gateway, statusCode)),
  );
  socket.on('error', (cause: Error) => fail(errorOfDial(gateway, cause)));
  return () => {
    over = true;
    socket.terminate();
  };
}

function errorOfDial(gateway: string, cause: Error): ReverseHttpError {
  const { code = '' } = cause as NodeJS.ErrnoException;
  const foreign = code.startsWith('HPE_') || /server response|Sec-WebSocket|subprotocol|header/i.test(cause.message);
  if (foreign) return speaksOtherwise(gateway, cause.message, cause);
  return cannotBeReached(gateway, cause.message || code || String(cause), cause);
}

class WebSocketTransport implements DialledTransport {
  readonly name = 'websocket';
  readonly maxMessageBytes = maxMessageBytes;
  handler: TransportHandler = { onMessage() {}, onWritable() {}, onClosed() {} };
  readonly #socket: WebSocket;
  readonly #useZeroMask: () => void;
  #connection: Socket | undefined;
  #open = true;
  #blocked = false;
  #detail = 'closed';
  readonly #onSent = (): void => {
    if (!this.#blocked || !this.writable) return;
    this.#blocked = false;
    this.handler.onWritable();
  };

  constructor(socket: WebSocket, useZeroMask: () => void, reads: BlockReads | undefined) {
    this.#socket = socket;
    this.#useZeroMask = useZeroMask;
    socket.on('upgrade', (response) => {
      this.#connection = response.socket;
    });
    socket.on('message', (bytes: Buffer, isBinary: boolean) => {
      if (isBinary && bytes.length > 0) this.handler.onMessage(bytes);
      else this.#fail('a message that is not binary');
      reads?.used(bytes.length);
    });
    socket.on('ping', (payload: Buffer) => {
      // A copy: what it lies in may serve again before it has left.
      socket.pong(Buffer.from(payload));
      reads?.used(payload.length);
    });
    socket.on('error', (error: Error) => {
      this.#detail = error.message;
    });
    socket.on('close', () => this.#leave());
  }

  get writable(): boolean {
    const free = this.#open && this.#socket.bufferedAmount < maxBufferedBytes;
    this.#blocked ||= this.#open && !free;
    return free;
  }

  get hasLeft(): boolean {
    return this.#socket.bufferedAmount === 0;
  }

  get movedBytes(): number {
    return this.#connection ? movedBytesOf(this.#connection) : 0;
  }

  onAgreed(agreed: readonly string[]): void {
    if (agreed.includes(features.zeroMask)) this.#useZeroMask();
  }

  send(bytes: Uint8Array): void {
    if (this.#open) this.#socket.send(bytes, this.#onSent);
  }

  close(): void {
    if (!this.#open) return;
    this.#leave();
    this.#socket.close();
    // A peer that is gone never answers the closing handshake.
    const timer = setTimeout(() => this.#socket.terminate(), closeTimeoutMs).unref();
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #fail(detail: string): void {
    this.#detail = detail;
    this.close();
  }

  #leave(): void {
    if (!this.#open) return;
    this.#open = false;
    this.handler.onClosed(this.#detail);
  }
}
