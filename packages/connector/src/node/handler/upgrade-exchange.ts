import { AsyncResource } from 'node:async_hooks';
import type { Server } from 'node:http';
import { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { AcceptedExchange, RequestHandler } from '@reverse-http/protocol/exchange';
import {
  type Asked,
  asksTunnel,
  copyFields,
  dropField,
  Field,
  findField,
  type Head,
  lastChunk,
  lastChunkBeforeTrailers,
  methodOf,
  pathOf,
  writeLatin1,
} from '@reverse-http/protocol/http1';
import { Answer, type AnswerOwner } from './answer.js';
import { RequestBody } from './request-body.js';
import { headText } from './request-head.js';
import type { ServerHost } from './server-host.js';
import { VirtualConnection, type VirtualConnectionOwner } from './virtual-connection.js';

const connectionUpgrade = 'Connection: Upgrade\r\n\r\n';
const chunkedBody = 'Transfer-Encoding: chunked\r\n\r\n';
const lineEnd = Buffer.from('\r\n');

/**
 * One exchange served by a connection that the server believes it accepted: it reads the request as it would have come
 * over a socket, and what it writes is read as its answer. For requests that ask for an upgrade or a tunnel, and for all
 * where the option `fidelity` says so.
 */
export class UpgradeExchange extends AsyncResource implements RequestHandler, AnswerOwner, VirtualConnectionOwner {
  isHead = false;
  asks: Asked | undefined;
  readonly #exchange: AcceptedExchange;
  readonly #host: ServerHost;
  #connection!: VirtualConnection;
  #incoming!: RequestBody;
  readonly #answer: Answer;
  /** The body comes in chunks. */
  #chunked = false;
  /** What each piece that waits for the server is worth in credit: what frames a body has none. */
  readonly #credits: number[] = [];
  #upgraded = false;
  #read = false;
  #answered = false;
  #over = false;

  constructor(exchange: AcceptedExchange, host: ServerHost) {
    super('REVERSEHTTPUPGRADE');
    this.#exchange = exchange;
    this.#host = host;
    this.#answer = new Answer(exchange, this);
  }

  get received(): number {
    return this.#incoming.received;
  }

  get answerHead(): Head {
    return this.#host.answerHead;
  }

  onRequest(head: Head, ended: boolean): void {
    this.#host.onBegun();
    const metadata = headText(head).slice(head.metadataStart, head.metadataEnd);
    this.isHead = methodOf(head) === 'HEAD';
    this.asks = head.upgrade ? askedOf(this.#host.server, head) : undefined;
    this.#chunked = !ended && this.asks === undefined && head.contentLength < 0;
    this.#connection = new VirtualConnection(metadata, this.#answer, this);
    this.#incoming = new RequestBody(this.#connection, {
      consumed: () => this.#exchange.consumed(this.#credits.shift() ?? 0),
    });
    const upgrade = this.asks === 'upgrade';
    this.#connection.push(replay(head, upgrade ? connectionUpgrade : this.#chunked ? chunkedBody : '\r\n', upgrade));
    this.#guard(() => this.#host.server.emit('connection', this.#connection));
    if (ended) this.onEnd(undefined);
  }

  onBody(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#connection.touch();
    this.#guard(() => {
      if (this.#chunked) this.#add(Buffer.from(`${bytes.length.toString(16)}\r\n`), 0);
      this.#add(bytes, bytes.length);
      if (this.#chunked) this.#add(lineEnd, 0);
    });
  }

  onEnd(trailers: Uint8Array | undefined): void {
    this.#read = true;
    if (this.#chunked && !this.#over) {
      this.#guard(() => {
        this.#add(trailers ? lastChunkBeforeTrailers : lastChunk, 0);
        if (trailers) this.#add(trailers, 0);
      });
    }
    // Before the 101 this only says that there is no body: a server that reads an end would hang up.
    if (this.#upgraded) this.#guard(() => this.#incoming.end());
    if (!this.#answered) return;
    if (this.#upgraded) this.#settle();
    else this.#leaveWhenDelivered();
  }

  /** The visitor left: a server hears of a reset, who took an upgraded stream over of its end alone. */
  onAborted(): void {
    this.#leave(this.asks ? undefined : Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  }

  onWanted(): void {
    this.#incoming.onWanted();
    if (this.#answered && !this.#upgraded) this.#leaveWhenDelivered();
  }

  onResponded(): void {
    if (this.#answered && !this.#upgraded) this.#leaveWhenDelivered();
  }

  /** The handler threw, or its promise was rejected. */
  fail(error: unknown): void {
    this.#host.onFailure(error, undefined);
    if (!this.#answered) this.#exchange.abort('handler-failed');
    this.#leave();
  }

  inContext(step: () => void): void {
    this.#guard(step);
  }

  onDrained(): void {
    this.#connection.onDrained();
  }

  onAllTaken(): void {
    this.#answered = true;
    // An ordinary answer ends the exchange; an upgraded stream goes on until the visitor's side ends too.
    if (this.#connection.destroyed || (this.asks && !this.#upgraded)) this.#leave();
    else if (!this.#upgraded) this.#leaveWhenDelivered();
    else if (this.#read) this.#settle();
  }

  onFault(detail: string): void {
    this.#host.onFailure(
      new ReverseHttpError('bad-answer', `the answer to an upgrade is no good: ${detail}`),
      undefined,
    );
    this.#leave();
  }

  onUpgraded(): void {
    this.#upgraded = true;
    if (this.#read) this.#incoming.end();
  }

  #add(bytes: Uint8Array, credit: number): void {
    this.#credits.push(credit);
    this.#incoming.add(bytes);
  }

  /** The server may still read a request that it has answered, and end a response that is whole by its length. */
  #leaveWhenDelivered(): void {
    const { destroyed, _httpMessage } = this.#connection;
    if (destroyed || (this.#read && this.#incoming.delivered && !_httpMessage)) setImmediate(() => this.#leave());
  }

  onDestroyed(): void {
    // What was written to its end is on its way, as with a real socket.
    if (this.#over) return;
    if (this.#answer.complete) return this.#answered ? this.#leave() : undefined;
    this.#exchange.abort(
      this.#upgraded ? 'connector-lost' : this.asks ? 'upgrade-failed' : 'bad-answer',
      'the handler closed the connection',
    );
    this.#leave();
  }

  /** Hangs up, with what the exchange still needs to be told. */
  #leave(error?: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#incoming.drop();
    if (!this.#answered) {
      this.#answer.drop();
      this.#answer.abandon();
    } else if (!this.#read) this.#exchange.stopReading();
    this.#guard(() => this.#connection.destroy(error));
    this.#host.onDone();
  }

  /** Both sides ended: the connection may still be read to its end, and closes by itself then. */
  #settle(): void {
    if (this.#over) return;
    this.#over = true;
    this.#host.onDone();
  }

  #guard(step: () => void): void {
    try {
      this.runInAsyncScope(step);
    } catch (error) {
      this.fail(error);
    }
  }
}

/**
 * What a request that may ask for something (`head.upgrade`) asks of this server. An upgrade that nobody listens for is
 * passed over, and one with a body, which would come before the upgraded stream; for a CONNECT that nobody listens for
 * Node itself hangs up.
 */
export function askedOf(server: Server, head: Head): Asked | undefined {
  if (asksTunnel(head)) return 'tunnel';
  return head.contentLength <= 0 && server.listenerCount('upgrade') > 0 ? 'upgrade' : undefined;
}

/** The head as the server would have read it: without metadata, with the field that belongs to its connection. */
function replay(head: Head, end: string, upgrade: boolean): Buffer {
  const passedOver = upgrade ? -1 : findField(head, Field.Upgrade);
  if (passedOver >= 0) dropField(head, passedOver);
  const line = `${methodOf(head)} ${pathOf(head)} HTTP/1.1\r\n`;
  const into = Buffer.allocUnsafe(head.end - head.start + line.length + end.length);
  let at = writeLatin1(line, into, 0);
  at = copyFields(head, into, at);
  at = writeLatin1(end, into, at);
  return into.subarray(0, at);
}
