import type { Duplex } from 'node:stream';
import type { Reason } from '@reverse-http/protocol/errors';
import {
  copyBytes,
  copyFields,
  dropField,
  Field,
  findField,
  type Head,
  latin1Bytes,
  type WrittenBody,
  writeLatin1,
  writeStatusLine,
} from '@reverse-http/protocol/http1';
import type { ByteSink, ByteSource } from '@reverse-http/protocol/mux';
import { isHeadMethod } from '../../visit/head-method.js';
import type { FailureDetail, Peer, Visit, VisitHandler, VisitOutcome } from '../../visit/visit.js';
import { AnswerSink, type Framing } from './answer-sink.js';
import { ChunkedBody } from './chunked-body.js';
import type { Output } from './output.js';
import { problemOf, wantsHtml } from './problem.js';
import type { RequestBytes } from './request-bytes.js';
import { UpgradedBytes } from './upgraded-bytes.js';
import type { VisitHead } from './visit-head.js';

/** What a visit needs of the connection it came by. */
export interface VisitOwner {
  readonly peer: Peer;
  readonly output: Output;
  /** Whether the visitor sends nothing more. */
  readonly halfClosed: boolean;
  /** Whether the connection may serve another request after this answer. */
  mayKeepAlive(visit: Http1Visit): boolean;
  /** The answer is whole: `keepAlive` as told to the visitor. */
  onAnswered(visit: Http1Visit, keepAlive: boolean): void;
  /** Nobody reads the rest of the body. */
  onStoppedReading(visit: Http1Visit): void;
  /** The server's side of an upgraded connection is done. */
  endOutput(): void;
  /** The answer cannot be finished: end the connection so that the visitor notices. */
  breakOff(hard: boolean): void;
  takeSocket(keep: (bytes: Uint8Array) => Buffer): { readonly socket: Duplex; readonly head: Uint8Array };
}

const closeLine = latin1Bytes('Connection: close\r\n');
const keepAliveLine = latin1Bytes('Connection: keep-alive\r\n');
const upgradeLine = latin1Bytes('Connection: Upgrade\r\n');
const chunkedLine = latin1Bytes('Transfer-Encoding: chunked\r\n');
const emptyLine = latin1Bytes('Content-Length: 0\r\n');

const deaf: VisitHandler = { onBodyReadable() {}, onAborted() {} };

/** One exchange on an HTTP/1.1 connection. */
export class Http1Visit implements Visit {
  readonly head: VisitHead;
  peer: Peer;
  readonly id: string;
  readonly body: ByteSource | undefined;
  handler: VisitHandler = deaf;
  onEnded: ((outcome: VisitOutcome) => void) | undefined;
  /** Whether a 100 was passed on. */
  continued = false;
  /** Whether nobody will read the rest of the body. */
  unread = false;
  readonly #owner: VisitOwner;
  readonly #bytes: RequestBytes | undefined;
  #sink: AnswerSink | undefined;
  #framing: Framing = 'none';
  #status = 0;
  #keepAlive = true;
  #ended = false;
  #toldAborted = false;

  constructor(
    owner: VisitOwner,
    head: VisitHead,
    id: string,
    body: ByteSource | undefined,
    bytes: RequestBytes | undefined,
  ) {
    this.#owner = owner;
    this.head = head;
    this.peer = owner.peer;
    this.id = id;
    this.body = body;
    this.#bytes = bytes;
  }

  get asksUpgrade(): boolean {
    return this.body instanceof UpgradedBytes;
  }

  get settled(): boolean {
    return this.#status !== 0 || this.#ended;
  }

  get upgraded(): boolean {
    return this.#framing === 'raw';
  }

  /** Whether the answer is whole, or will never be. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether only the connection's end tells the end of what is being sent. */
  get endsWithConnection(): boolean {
    return this.#framing === 'close' || this.#framing === 'raw';
  }

  informational(head: Head, added: string = ''): boolean {
    if (this.settled || this.head.minorVersion === 0) return true;
    if (head.status === 100) this.continued = true;
    const { output } = this.#owner;
    const { block, at } = reserveHead(output, head, added);
    const end = copyFields(head, block, copyStatusLine(head, block, at));
    output.commit(writeLatin1('\r\n', block, writeLatin1(added, block, end)));
    return output.writable;
  }

  respond(head: Head, added: string, ended: boolean): ByteSink {
    this.#status = head.status;
    this.#refuseUpgrade();
    const framing = this.#framingOf(head, ended);
    if (head.status === 204) dropLength(head);
    this.#keepAlive = framing !== 'close' && this.#owner.mayKeepAlive(this);
    const { output } = this.#owner;
    const { block, at: start } = reserveHead(output, head, added);
    let at = copyFields(head, block, copyStatusLine(head, block, start));
    at = writeLatin1(added, block, at);
    if (framing === 'chunked') at = copyBytes(chunkedLine, 0, chunkedLine.length, block, at);
    if (framing === 'length' && head.contentLength < 0) at = copyBytes(emptyLine, 0, emptyLine.length, block, at);
    at = this.#writeConnection(block, at);
    output.commit(writeLatin1('\r\n', block, at));
    return this.#begin(framing, ended);
  }

  upgrade(head: Head, added: string): ByteSink {
    this.#status = head.status;
    this.#keepAlive = false;
    dropLength(head);
    const { output } = this.#owner;
    const { block, at: start } = reserveHead(output, head, added);
    let at = copyFields(head, block, copyStatusLine(head, block, start));
    at = writeLatin1(added, block, at);
    if (head.status === 101) at = copyBytes(upgradeLine, 0, upgradeLine.length, block, at);
    output.commit(writeLatin1('\r\n', block, at));
    if (this.body instanceof UpgradedBytes) this.body.open(this.#owner.halfClosed);
    return this.#begin('raw', false);
  }

  fail(reason: Reason, failure: FailureDetail = {}): void {
    if (this.#ended) return;
    if (this.#status !== 0) return this.abort(reason);
    const { status, fields, body } = problemOf(reason, this.id, failure, wantsHtml(this.head));
    this.#answer(status, fields, body, reason);
  }

  answer(status: number, fields: string, body: string | WrittenBody): void {
    if (!this.settled) this.#answer(status, fields, body, undefined);
  }

  abort(reason: Reason): void {
    if (this.#ended) return;
    this.#over(reason);
    // Where only the connection's end tells the body's, a clean one would be a lie (RFC 9112, section 8).
    this.#owner.breakOff(this.endsWithConnection);
  }

  takeSocket(keep: (bytes: Uint8Array) => Buffer): { readonly socket: Duplex; readonly head: Uint8Array } {
    this.#ended = true;
    return this.#owner.takeSocket(keep);
  }

  limitBody(maxBytes: number): boolean {
    if (this.body instanceof ChunkedBody) this.body.maxBytes = maxBytes;
    return this.asksUpgrade || this.head.contentLength <= maxBytes;
  }

  stopReading(): void {
    this.unread = true;
    this.#owner.onStoppedReading(this);
  }

  /** The connection is gone, or what came on it was not HTTP: whoever still serves the visit is told. */
  lose(reason: Reason, detail: string): void {
    const whole = this.#ended && (!this.body || this.body.ended || this.unread);
    if (!this.#ended) this.#over(reason);
    if (!whole) this.tellAborted(reason, detail);
  }

  /** Tells whoever serves the visit that the visitor is of no use any more, once. */
  tellAborted(reason: Reason, detail: string): void {
    if (this.#toldAborted) return;
    this.#toldAborted = true;
    this.handler.onAborted(reason, detail);
  }

  /** An upgraded connection was closed by both sides. */
  close(): void {
    if (!this.#ended) this.#over(undefined);
  }

  /** The socket has room again. */
  onDrain(): void {
    if (this.#sink) this.#sink.onDrain?.();
    else this.handler.onWritable?.();
  }

  #answer(status: number, fields: string, content: string | WrittenBody, reason: Reason | undefined): void {
    this.#status = status;
    this.unread = true;
    this.#refuseUpgrade();
    // After 408 nobody knows where the next request would begin (RFC 9110, section 15.5.9).
    this.#keepAlive = reason !== 'request-timeout' && this.#owner.mayKeepAlive(this);
    const isHead = isHeadMethod(this.head);
    const body = typeof content === 'string' ? Buffer.from(content) : content;
    const { output } = this.#owner;
    const length = status === 204 ? '' : `Content-Length: ${body.length}\r\n`;
    let at = output.reserve(192 + fields.length);
    at = writeStatusLine(output.block, at, status);
    at = writeLatin1(`${fields}Date: ${new Date().toUTCString()}\r\n${length}`, output.block, at);
    at = this.#writeConnection(output.block, at);
    output.commit(writeLatin1('\r\n', output.block, at));
    if (!isHead && body.length > 0) {
      if (body instanceof Uint8Array) output.write(body);
      else output.writeBody(body);
    }
    output.flush();
    this.#finish(reason);
  }

  #refuseUpgrade(): void {
    if (!(this.body instanceof UpgradedBytes)) return;
    this.body.refuse();
    this.handler.onBodyReadable(); // Its end.
  }

  #framingOf(head: Head, ended: boolean): Framing {
    if (head.status === 204 || head.status === 304 || isHeadMethod(this.head)) return 'none';
    if (head.contentLength >= 0 || ended) return 'length';
    return this.head.minorVersion === 0 ? 'close' : 'chunked';
  }

  /** Persistence is the default of 1.1 and has to be said in 1.0 (RFC 9112, section 9.3). */
  #writeConnection(block: Uint8Array, at: number): number {
    if (!this.#keepAlive) return copyBytes(closeLine, 0, closeLine.length, block, at);
    return this.head.minorVersion === 0 ? copyBytes(keepAliveLine, 0, keepAliveLine.length, block, at) : at;
  }

  #begin(framing: Framing, ended: boolean): ByteSink {
    this.#framing = framing;
    const onEnd = framing === 'raw' ? () => this.#owner.endOutput() : () => this.#finish(undefined);
    const sink = new AnswerSink(this.#owner.output, framing, onEnd);
    this.#sink = sink;
    if (ended) sink.end();
    return sink;
  }

  #finish(reason: Reason | undefined): void {
    if (this.#ended) return;
    this.#over(reason);
    this.#owner.onAnswered(this, this.#keepAlive);
  }

  #over(reason: Reason | undefined): void {
    this.#ended = true;
    const bytesIn = this.#bytes?.taken ?? 0;
    const bytesOut = this.#sink?.written ?? 0;
    this.handler.onEnded?.(bytesIn, bytesOut);
    this.onEnded?.({ status: this.#status, reason, bytesIn, bytesOut });
  }
}

function dropLength(head: Head): void {
  const index = findField(head, Field.ContentLength);
  if (index >= 0) dropField(head, index);
}

function reserveHead(output: Output, head: Head, added: string): { readonly block: Uint8Array; readonly at: number } {
  const at = output.reserve(head.end - head.start + added.length + 128);
  return { block: output.block, at };
}

/** The status line as it came, but in our own version (RFC 9110, section 2.5). */
function copyStatusLine(head: Head, into: Uint8Array, at: number): number {
  const end = copyBytes(head.bytes, head.start, head.metadataStart, into, at);
  into[at + 7] = 0x31;
  return end;
}
