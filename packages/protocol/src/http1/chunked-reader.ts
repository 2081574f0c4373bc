import { hexDigit } from './digits.js';
import { Field } from './field.js';
import { Head } from './head.js';
import { type ChunkLimits, defaultChunkLimits } from './limits.js';
import { findField } from './read-head.js';
import { scanTrailers } from './scan-head.js';
import { copyFields, dropField } from './write-head.js';

/** What {@link ChunkedReader.read} came to. */
export type ChunkedEvent = 'data' | 'end' | 'more' | ChunkedFault;

/** Why a body was refused: the reason of the answer. */
type ChunkedFault = 'bad-request' | 'head-too-large';

const cr = 0x0d;
const lf = 0x0a;

/** Fields that mean something to the framing, routing or rights of a message: never taken from trailers (RFC 9110, section 6.5.1). */
const forbiddenTrailers: ReadonlySet<number> = new Set([
  Field.ContentLength,
  Field.TransferEncoding,
  Field.UnderscoreContentLength,
  Field.UnderscoreTransferEncoding,
  Field.Host,
  Field.Connection,
  Field.KeepAlive,
  Field.ProxyConnection,
  Field.Te,
  Field.Trailer,
  Field.Upgrade,
  Field.Expect,
  Field.MaxForwards,
  Field.Authorization,
  Field.ProxyAuthenticate,
  Field.ProxyAuthorization,
  Field.ProxyAuthenticationInfo,
  Field.Cookie,
  Field.SetCookie,
  Field.ContentEncoding,
  Field.ContentType,
  Field.ContentRange,
  Field.CacheControl,
  Field.Location,
  Field.Http2Settings,
  Field.Via,
  Field.CdnLoop,
  Field.Forwarded,
  Field.XForwardedFor,
  Field.XForwardedHost,
  Field.XForwardedPort,
  Field.XForwardedPrefix,
  Field.XForwardedProto,
  Field.XForwardedServer,
  Field.XRealIp,
  Field.ClientCert,
  Field.ClientCertChain,
]);

/**
 * Reads chunked framing (RFC 9112, section 7.1) from bytes that come in any pieces; strict about line ends and sizes.
 * Data is pointed at, never copied.
 */
export class ChunkedReader {
  /** Where reading goes on. */
  position = 0;
  /** The data found, after `data`. */
  dataStart = 0;
  dataEnd = 0;
  /** After `end`: the trailer section with its empty line, forbidden fields removed; undefined when nothing is in it. */
  trailers: Uint8Array | undefined;
  /** What was wrong. */
  detail = '';
  readonly #limits: ChunkLimits;
  #state: 'size' | 'extension' | 'size-end' | 'data' | 'data-cr' | 'data-lf' | 'trailers' | 'ended' | 'failed' = 'size';
  #fault: ChunkedFault = 'bad-request';
  #size = 0;
  #digits = 0;
  #lineLength = 0;
  #trailerBytes: Uint8Array = new Uint8Array(0);
  #trailerLength = 0;

  constructor(limits: ChunkLimits = defaultChunkLimits) {
    this.#limits = limits;
  }

  /** Starts another body. */
  reset(): void {
    this.#state = 'size';
    this.#size = this.#digits = this.#lineLength = this.#trailerLength = 0;
    this.trailers = undefined;
  }

  /**
   * Goes on in `bytes[at..end)`; `more` when they are used up. After `data`, call again from {@link position}. `end` and
   * faults stay until {@link reset}.
   */
  read(bytes: Uint8Array, at: number, end: number): ChunkedEvent {
    this.position = at;
    while (this.position < end) {
      if (this.#state === 'data') return this.#data(end);
      if (this.#state === 'trailers') return this.#readTrailers(bytes, end);
      if (this.#state === 'ended') return 'end';
      if (this.#state === 'failed') return this.#fault;
      const problem = this.#step(bytes[this.position++]!);
      if (problem !== undefined) return this.#fail('bad-request', problem);
    }
    return 'more';
  }

  #data(end: number): ChunkedEvent {
    this.dataStart = this.position;
    this.dataEnd = Math.min(end, this.position + this.#size);
    this.#size -= this.dataEnd - this.dataStart;
    this.position = this.dataEnd;
    if (this.#size === 0) this.#state = 'data-cr';
    return 'data';
  }

  /** One byte of framing. */
  #step(byte: number): string | undefined {
    switch (this.#state) {
      case 'size':
        return this.#sizeByte(byte);
      case 'extension':
        if (byte === cr) this.#state = 'size-end';
        else if (++this.#lineLength > this.#limits.maxChunkLineBytes) return 'a chunk extension is too long';
        else if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f)
          return 'a chunk extension has a byte it must not have';
        return undefined;
      case 'size-end':
        if (byte !== lf) return 'a chunk size does not end with CRLF';
        this.#state = this.#size === 0 ? 'trailers' : 'data';
        return undefined;
      case 'data-cr':
        if (byte !== cr) return 'a chunk is longer than its size';
        this.#state = 'data-lf';
        return undefined;
      default:
        if (byte !== lf) return 'a chunk does not end with CRLF';
        this.#state = 'size';
        this.#size = this.#digits = this.#lineLength = 0;
        return undefined;
    }
  }

  #sizeByte(byte: number): string | undefined {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#lineLength++;
      if (++this.#digits > 16) return 'a chunk size is too long';
      this.#size = this.#size * 16 + digit;
      return this.#size > Number.MAX_SAFE_INTEGER ? 'a chunk size is too large' : undefined;
    }
    if (this.#digits === 0) return 'a chunk size is not a number';
    if (byte === cr) this.#state = 'size-end';
    else if (byte === 0x3b && this.#lineLength++ < this.#limits.maxChunkLineBytes) this.#state = 'extension';
    else return 'a chunk size is not a number';
    return undefined;
  }

  #readTrailers(bytes: Uint8Array, end: number): ChunkedEvent {
    // The common end: an empty trailer section, whole.
    if (
      this.#trailerLength === 0 &&
      end - this.position >= 2 &&
      bytes[this.position] === cr &&
      bytes[this.position + 1] === lf
    ) {
      this.position += 2;
      this.#state = 'ended';
      return 'end';
    }
    const before = this.#trailerLength;
    const take = Math.min(end - this.position, this.#limits.maxTrailerBytes - before);
    this.#gather(bytes, take);
    const length = trailersEnd(this.#trailerBytes, before, this.#trailerLength);
    if (length === 0) {
      this.position += take;
      if (this.#trailerLength < this.#limits.maxTrailerBytes) return 'more';
      return this.#fail('head-too-large', 'the trailer section is too large');
    }
    this.position += length - before;
    return this.#takeTrailers(length);
  }

  #takeTrailers(length: number): ChunkedEvent {
    const head = new Head();
    const maxFields = this.#limits.maxTrailerFields ?? 100;
    const limits = { maxHeadBytes: this.#limits.maxTrailerBytes, maxTargetBytes: 0, maxFields };
    const result = scanTrailers(head, this.#trailerBytes, 0, length, limits);
    if (result !== 'complete') {
      return this.#fail(result === 'head-too-large' ? result : 'bad-request', head.detail);
    }
    if (findField(head, Field.ContentLength) >= 0 || findField(head, Field.TransferEncoding) >= 0) {
      // Node refuses it, too: who writes framing behind a body may mean the bytes behind it.
      return this.#fail('bad-request', 'framing in trailers');
    }
    for (let i = 0; i < head.count; i++) if (forbiddenTrailers.has(head.ids[i]!)) dropField(head, i);
    const kept = new Uint8Array(length);
    const end = copyFields(head, kept, 0);
    if (end > 0) {
      kept[end] = cr;
      kept[end + 1] = lf;
      this.trailers = kept.subarray(0, end + 2);
    }
    this.#state = 'ended';
    return 'end';
  }

  #gather(bytes: Uint8Array, take: number): void {
    const needed = this.#trailerLength + take;
    if (needed > this.#trailerBytes.length) {
      const grown = new Uint8Array(Math.max(256, needed * 2));
      grown.set(this.#trailerBytes.subarray(0, this.#trailerLength));
      this.#trailerBytes = grown;
    }
    this.#trailerBytes.set(bytes.subarray(this.position, this.position + take), this.#trailerLength);
    this.#trailerLength = needed;
  }

  #fail(fault: ChunkedFault, detail: string): ChunkedFault {
    this.#state = 'failed';
    this.#fault = fault;
    this.detail = detail;
    return fault;
  }
}

/** Length of a trailer section with its empty line, or up to a line that ends wrongly; 0 when it is not whole. */
function trailersEnd(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (bytes[at] !== lf) continue;
    if (at === 0 || bytes[at - 1] !== cr) return at + 1;
    if (at === 1 || bytes[at - 2] === lf) return at + 1;
  }
  return 0;
}
