import { exchangeHeadLimits } from '@reverse-http/protocol/exchange';
import type { HeadLimits } from '@reverse-http/protocol/http1';
import { ChunkedReader, Field, findField, findHeadEnd, Head, scanResponseHead } from '@reverse-http/protocol/http1';

/** Bounds of an answer's head: what fits one frame; metadata lines are the gateway's alone. */
const answerHeadLimits: HeadLimits = { ...exchangeHeadLimits, metadata: false };

const noBytes: Uint8Array = new Uint8Array(0);

/** Who asked. Heads and bytes are valid only during the call. */
export interface AnswerListener {
  readonly isHead: boolean;
  readonly asksUpgrade: boolean;
  /** A 1xx head but 101. */
  onInterim(head: Head): void;
  /** A 101 that was asked for: from now on bytes are opaque. */
  onSwitching(head: Head): void;
  /** The final head; `ended`: the answer is whole with it. */
  onAnswerHead(head: Head, ended: boolean): void;
  onAnswerBody(bytes: Uint8Array, start: number, end: number): void;
  /** The answer is whole, or the origin's side of an upgraded stream. */
  onAnswerEnd(trailers: Uint8Array | undefined): void;
  /** What came is no answer; nothing is read any more. */
  onFault(detail: string): void;
}

/**
 * Reads the answers that come over one connection (RFC 9112), one at a time. The origin is not trusted: what is no proper
 * answer is a fault, and so is a byte behind an answer's end, which is found before the end is told where it came with it.
 */
export class AnswerReader {
  /** Whether the connection may serve again, by the last answer (RFC 9112, section 9.3). */
  keepsAlive = false;
  /** What the last answer's `Keep-Alive` says about its timeout, s; -1 when nothing. */
  keepAliveSeconds = -1;
  /** Whether any byte of the present answer came. */
  started = false;
  readonly #head = new Head();
  #listener: AnswerListener | undefined;
  #state: 'none' | 'head' | 'length' | 'chunked' | 'until-end' | 'opaque' = 'none';
  #left = 0;
  /** The answer must have no content, though its framing has room for some (205: RFC 9110, section 15.3.6). */
  #bare = false;
  #chunks: ChunkedReader | undefined;
  /** `[0, #length)` is a part of a head that is not whole, searched for its end up to {@link #searched}. */
  #gathered: Uint8Array = noBytes;
  #length = 0;
  #searched = 0;

  /** Whether an answer is expected. */
  get reading(): boolean {
    return this.#state !== 'none';
  }

  /** The next bytes are an answer for `listener`. */
  begin(listener: AnswerListener): void {
    this.#listener = listener;
    this.#state = 'head';
    this.started = false;
    this.#length = this.#searched = 0;
  }

  /** No bytes are expected; those that come are ignored. */
  stop(): void {
    this.#state = 'none';
    this.#listener = undefined;
  }

  /** Takes what the origin sent. */
  read(bytes: Uint8Array): void {
    this.started = true;
    let data = bytes;
    let at = 0;
    while (this.#state === 'head' && at < data.length) {
      if (this.#length > 0) {
        if (!this.#gather(data, at)) return;
        data = this.#gathered.subarray(0, this.#length);
        this.#length = at = 0;
      }
      const end = this.#readHead(data, at);
      if (end === 0) return;
      at = end;
    }
    if (at < data.length) this.#readBody(data, at);
  }

  /** The origin sends nothing more. */
  finish(): void {
    if (this.#state === 'until-end' || this.#state === 'opaque') this.#end(undefined);
    else if (this.#state !== 'none') this.#fault('the connection ended before the answer did');
  }

  /** Position after the head at `at`; 0 when it is not whole or no good. */
  #readHead(bytes: Uint8Array, at: number): number {
    const head = this.#head;
    const result = scanResponseHead(head, bytes, at, bytes.length, answerHeadLimits);
    if (result === 'complete') {
      if (head.status < 200) this.#interim(head);
      else this.#final(head);
      return head.end;
    }
    if (result !== 'incomplete') this.#fault(head.detail);
    else if (!this.#gather(bytes, at)) return 0;
    else this.#fault('the head does not end');
    return 0;
  }

  /** Keeps a part of a head; whether its end is there. Each byte is searched once, however small the pieces. */
  #gather(bytes: Uint8Array, at: number): boolean {
    const needed = this.#length + bytes.length - at;
    if (needed > this.#gathered.length) {
      const grown = new Uint8Array(Math.max(2048, needed * 2));
      grown.set(this.#gathered.subarray(0, this.#length));
      this.#gathered = grown;
    }
    this.#gathered.set(at === 0 ? bytes : bytes.subarray(at), this.#length);
    this.#length = needed;
    const end = findHeadEnd(this.#gathered, this.#searched, needed);
    this.#searched = Math.max(0, -end);
    return end > 0 || needed >= answerHeadLimits.maxHeadBytes;
  }

  #interim(head: Head): void {
    this.#searched = 0;
    if (head.status !== 101) return this.#listener!.onInterim(head);
    if (!this.#listener!.asksUpgrade || findField(head, Field.Upgrade) < 0) {
      return this.#fault('an upgrade that was not asked for');
    }
    this.#state = 'opaque';
    this.#listener!.onSwitching(head);
  }

  #final(head: Head): void {
    const { status, contentLength, chunked } = head;
    const listener = this.#listener!;
    this.keepsAlive = !head.connectionClose && (head.minorVersion === 1 || head.connectionKeepAlive);
    this.keepAliveSeconds = keepAliveTimeout(head);
    if (listener.isHead || status === 204 || status === 304 || contentLength === 0) {
      if (head.end < head.bytes.length) return this.#fault('bytes after the end of the answer');
      this.#gathered = noBytes;
      this.#state = 'none';
      return listener.onAnswerHead(head, true);
    }
    this.#bare = status === 205;
    if (this.#bare && contentLength > 0) return this.#fault('a 205 with content');
    if (chunked) {
      if (this.#chunks) this.#chunks.reset();
      else this.#chunks = new ChunkedReader();
      this.#state = 'chunked';
    } else if (contentLength > 0) {
      this.#left = contentLength;
      this.#state = 'length';
    } else {
      this.#state = 'until-end';
      this.keepsAlive = false;
    }
    listener.onAnswerHead(head, false);
  }

  #readBody(bytes: Uint8Array, at: number): void {
    switch (this.#state) {
      case 'length':
        return this.#readLength(bytes, at);
      case 'chunked':
        return this.#readChunks(this.#chunks!, bytes, at);
      case 'until-end':
      case 'opaque':
        return this.#add(bytes, at, bytes.length);
      default:
    }
  }

  #readLength(bytes: Uint8Array, at: number): void {
    const length = bytes.length - at;
    if (length > this.#left) return this.#fault('the body is longer than its Content-Length');
    this.#left -= length;
    this.#add(bytes, at, bytes.length);
    if (this.#left === 0 && this.#state === 'length') this.#end(undefined);
  }

  #readChunks(reader: ChunkedReader, bytes: Uint8Array, start: number): void {
    let at = start;
    while (at < bytes.length && this.#state === 'chunked') {
      const event = reader.read(bytes, at, bytes.length);
      at = reader.position;
      if (event === 'data') this.#add(bytes, reader.dataStart, reader.dataEnd);
      else if (event === 'end') {
        if (at < bytes.length) return this.#fault('bytes after the end of the answer');
        this.#end(reader.trailers);
      } else if (event !== 'more') this.#fault(reader.detail);
    }
  }

  #add(bytes: Uint8Array, start: number, end: number): void {
    if (this.#bare) return this.#fault('a 205 with content');
    this.#listener!.onAnswerBody(bytes, start, end);
  }

  #end(trailers: Uint8Array | undefined): void {
    const listener = this.#listener!;
    this.#gathered = noBytes;
    this.#state = 'none';
    listener.onAnswerEnd(trailers);
  }

  #fault(detail: string): void {
    const listener = this.#listener!;
    this.stop();
    listener.onFault(detail);
  }
}

const timeoutName = 'timeout=';

/** Seconds that `Keep-Alive: timeout=5` names: after them the origin closes; -1 when it does not say. */
function keepAliveTimeout(head: Head): number {
  const index = findField(head, Field.KeepAlive);
  if (index < 0) return -1;
  const { bytes, positions } = head;
  let at = positions[index * 4 + 2]!;
  const end = positions[index * 4 + 3]!;
  for (let i = 0; i < timeoutName.length; i++) if (bytes[at++]! !== timeoutName.charCodeAt(i)) return -1;
  let seconds = 0;
  for (; at < end && bytes[at]! >= 0x30 && bytes[at]! <= 0x39 && seconds < 1e6; at++) {
    seconds = seconds * 10 + bytes[at]! - 0x30;
  }
  return seconds;
}
