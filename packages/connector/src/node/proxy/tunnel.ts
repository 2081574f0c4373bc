import { connect as connectSocket, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Head } from '@reverse-http/protocol/http1';
import type { Clock, Timer } from '@reverse-http/protocol/session';
import { type AnswerListener, AnswerReader } from '../client/answer-reader.js';
import type { ServerAddress } from '../client/server-address.js';
import { type CertificateOptions, secureOptions, socketOptions } from '../client/socket-options.js';
import { type OutboundProxy, troubleWith, wantsCredentials } from './outbound-proxy.js';

/** Where a tunnel leads. */
export interface TunnelOptions {
  readonly proxy: OutboundProxy;
  /** What lies behind the proxy. */
  readonly address: ServerAddress;
  /** How its certificate is checked. The proxy's own is checked as Node does by default. */
  readonly tls: CertificateOptions;
  readonly clock: Clock;
  /** Finds the proxy's address. */
  readonly lookup?: LookupFunction;
}

/**
 * A tunnel, TLS and all, is there within this, ms: less than a hello may take, so that a proxy that says nothing is named
 * before the gateway is blamed.
 */
export const tunnelTimeoutMs = 8000;

/** How it ended; one of the two is called, once, unless it was given up. */
export interface TunnelListener {
  /** The socket leads to the server, in TLS where its address says so; whoever takes it must listen during the call. */
  onOpened(socket: Socket): void;
  /** The message says what is wrong with the proxy or behind it, and never has a password. */
  onFailed(error: Error): void;
}

/** Has a proxy open a connection to a server (CONNECT: RFC 9110, section 9.3.6). The result gives up. */
export function openTunnel(options: TunnelOptions, listener: TunnelListener): () => void {
  const tunnel = new Tunnel(options, listener);
  return () => tunnel.giveUp();
}

class Tunnel implements AnswerListener {
  readonly isHead = false;
  readonly asksUpgrade = false;
  readonly #options: TunnelOptions;
  readonly #listener: TunnelListener;
  readonly #authority: string;
  readonly #reader = new AnswerReader();
  readonly #timer: Timer;
  #socket: Socket;
  #over = false;

  constructor(options: TunnelOptions, listener: TunnelListener) {
    this.#options = options;
    this.#listener = listener;
    this.#authority = authorityOf(options.address);
    const { address, name } = options.proxy;
    const tooLong = `the proxy ${name} gives no way to ${this.#authority} within ${tunnelTimeoutMs / 1000} s`;
    this.#timer = options.clock.setTimer(() => this.#fail(tooLong), tunnelTimeoutMs);
    const { lookup } = options;
    const where = { host: address.certificateName, port: address.port, ...(lookup ? { lookup } : {}) };
    this.#socket = address.secure
      ? connectTls({ ...secureOptions(address, {}), ...where })
      : connectSocket({ ...socketOptions, ...where });
    this.#socket
      .unref()
      .once(address.secure ? 'secureConnect' : 'connect', () => this.#ask())
      .on('data', this.#onData)
      .on('end', this.#onEnd)
      .on('error', this.#onError)
      .on('close', this.#onEnd);
  }

  giveUp(): void {
    this.#over = true;
    this.#timer.cancel();
    this.#reader.stop();
    this.#socket.on('error', () => {}).destroy();
  }

  onInterim(): void {}

  onSwitching(): void {} // Never: no upgrade is asked for.

  onAnswerHead(head: Head): void {
    const { status } = head;
    const { name } = this.#options.proxy;
    if (status === 407 || status === 401) return this.#fail(wantsCredentials(this.#options.proxy, status));
    if (status >= 500) return this.#fail(`the proxy ${name} does not reach ${this.#authority} (HTTP ${status})`);
    if (status >= 300) return this.#fail(`the proxy ${name} refuses CONNECT to ${this.#authority} (HTTP ${status})`);
    // What the head says of a body means nothing (RFC 9110, section 9.3.6), and no server speaks before it is asked.
    if (head.end < head.bytes.length) return this.onFault('bytes after the end of the answer');
    this.#reader.stop();
    this.#enter();
  }

  onAnswerBody(): void {}

  onAnswerEnd(): void {}

  onFault(detail: string): void {
    this.#fail(`the proxy ${this.#options.proxy.name} answers, but not as an HTTP proxy does: ${detail}`);
  }

  #ask(): void {
    const { authorization } = this.#options.proxy;
    const credentials = authorization === undefined ? '' : `Proxy-Authorization: ${authorization}\r\n`;
    this.#reader.begin(this);
    this.#socket.write(`CONNECT ${this.#authority} HTTP/1.1\r\nHost: ${this.#authority}\r\n${credentials}\r\n`);
  }

  readonly #onData = (bytes: Uint8Array): void => this.#reader.read(bytes);

  readonly #onEnd = (): void => {
    if (this.#reader.reading) this.#reader.finish();
    else this.#fail(`the proxy ${this.#options.proxy.name} hangs up`);
  };

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    this.#fail(troubleWith(this.#options.proxy, error));
  };

  /** The proxy has no say any more. */
  #enter(): void {
    const { address, tls, proxy } = this.#options;
    const outer = this.#socket
      .off('data', this.#onData)
      .off('end', this.#onEnd)
      .off('error', this.#onError)
      .off('close', this.#onEnd);
    if (!address.secure) return this.#opened(outer);
    const inner = connectTls({ ...secureOptions(address, tls), socket: outer.on('error', () => {}) }).unref();
    const onError = (error: NodeJS.ErrnoException): void => {
      this.#fail(`${error.message || error.code} (through the proxy ${proxy.name})`);
    };
    this.#socket = inner.once('error', onError).once('secureConnect', () => {
      inner.off('error', onError);
      this.#opened(inner);
    });
  }

  #opened(socket: Socket): void {
    this.#over = true;
    this.#timer.cancel();
    this.#listener.onOpened(socket);
  }

  #fail(detail: string): void {
    if (this.#over) return;
    this.giveUp();
    this.#listener.onFailed(new Error(detail));
  }
}

/** Names a server to a proxy (RFC 9112, section 3.2.3). */
function authorityOf({ certificateName: host, port }: ServerAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
