import { Duplex } from 'node:stream';
import { Metadata } from '@reverse-http/protocol/exchange';
import { highWaterMark } from './write-queue.js';

const streamOptions = { highWaterMark, decodeStrings: false } as const;

/**
 * What stands where a handler expects its `net.Socket`. The visitor's address is told as it were the other end's; what
 * only a real socket can do is accepted and does nothing.
 */
export class ExchangeSocket extends Duplex {
  readonly connecting = false;
  readonly pending = false;
  readonly localAddress: string | undefined = undefined;
  readonly localPort: number | undefined = undefined;
  timeout: number | undefined = undefined;
  readonly #metadata: string;
  #idle: NodeJS.Timeout | undefined;

  /** @param metadata Metadata lines of the request's head. */
  constructor(metadata: string) {
    super(streamOptions);
    this.#metadata = metadata;
  }

  /** Whether the visitor came by TLS; as on a real socket, undefined if not. */
  get encrypted(): true | undefined {
    return metadataValue(this.#metadata, Metadata.Scheme) === 'https' || undefined;
  }

  get remoteAddress(): string | undefined {
    return this.#peer?.split(' ', 1)[0];
  }

  get remotePort(): number | undefined {
    const port = this.#peer?.split(' ', 2)[1];
    return port === undefined ? undefined : Number(port);
  }

  get remoteFamily(): 'IPv4' | 'IPv6' | undefined {
    const address = this.remoteAddress;
    if (address === undefined) return undefined;
    return address.includes(':') ? 'IPv6' : 'IPv4';
  }

  get readyState(): 'open' | 'closed' {
    return this.destroyed ? 'closed' : 'open';
  }

  address(): object {
    return {};
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  /** Emits `timeout` after so many milliseconds without a byte either way; 0 turns it off. */
  setTimeout(ms: number, callback?: () => void): this {
    this.timeout = ms;
    if (callback) ms > 0 ? this.once('timeout', callback) : this.removeListener('timeout', callback);
    clearTimeout(this.#idle);
    this.#idle = ms > 0 ? setTimeout(() => this.onIdle(), ms).unref() : undefined;
    return this;
  }

  /** There is no TCP to send a reset: breaking off is all that a visitor sees of one anyway. */
  resetAndDestroy(): this {
    return this.destroy();
  }

  /** Ends, and is destroyed once what was written is out. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', this.destroy);
  }

  /** A byte moved: the idle timer begins anew. */
  touch(): void {
    this.#idle?.refresh();
  }

  override _destroy(_error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#idle);
    callback(null);
  }

  protected onIdle(): void {
    this.emit('timeout');
  }

  /** Address and port, as `203.0.113.7 51234`. */
  get #peer(): string | undefined {
    return metadataValue(this.#metadata, Metadata.Peer);
  }
}

/** Value of a metadata line; asked for by few handlers, so it is looked up then. */
function metadataValue(metadata: string, name: string): string | undefined {
  const line = metadata.split('\r\n').find((text) => text.startsWith(`:${name} `));
  return line?.slice(name.length + 2);
}
