import { AsyncResource } from 'node:async_hooks';
import { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { AcceptedExchange, RequestHandler } from '@reverse-http/protocol/exchange';
import { copyFields, type Head, methodOf, pathOf, writeLatin1 } from '@reverse-http/protocol/http1';
import { Answer, type AnswerOwner } from './answer.js';
import { RequestBody } from './request-body.js';
import { headText } from './request-head.js';
import type { ServerHost } from './server-host.js';
import { VirtualConnection } from './virtual-connection.js';

const connectionUpgrade = 'Connection: Upgrade\r\n\r\n';

/**
 * One exchange whose request asks for an upgrade, served by a connection that the server believes it accepted: it reads
 * the request as it would have come over a socket, and what it writes is read as its answer.
 */
export class UpgradeExchange extends AsyncResource implements RequestHandler, AnswerOwner {
  isHead = false;
  readonly asksUpgrade = true;
  readonly #exchange: AcceptedExchange;
  readonly #host: ServerHost;
  #connection!: VirtualConnection;
  #incoming!: RequestBody;
  readonly #answer: Answer;
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

  get answerHead(): Head {
    return this.#host.answerHead;
  }

  onRequest(head: Head, ended: boolean): void {
    this.#host.onBegun();
    const metadata = headText(head).slice(head.metadataStart, head.metadataEnd);
    this.isHead = methodOf(head) === 'HEAD';
    this.#connection = new VirtualConnection(metadata, this.#answer, {
      onWanted: () => this.#incoming.onWanted(),
      onDestroyed: () => this.#onConnectionDestroyed(),
    });
    this.#incoming = new RequestBody(this.#connection, this.#exchange);
    this.#connection.push(replay(head));
    this.#guard(() => this.#host.server.emit('connection', this.#connection));
    if (ended) this.onEnd();
  }

  onBody(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#connection.touch();
    this.#guard(() => this.#incoming.add(bytes));
  }

  onEnd(): void {
    this.#read = true;
    // Before the 101 this only says that there is no body: a server that reads an end would hang up.
    if (this.#upgraded) this.#guard(() => this.#incoming.end());
    if (this.#answered) this.#settle();
  }

  onAborted(): void {
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
    if (!this.#upgraded || this.#connection.destroyed) this.#leave();
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

  #onConnectionDestroyed(): void {
    // What was written to its end is on its way, as with a real socket.
    if (this.#over || this.#answer.complete) return;
    this.#exchange.abort(this.#upgraded ? 'connector-lost' : 'upgrade-failed', 'the handler closed the connection');
    this.#leave();
  }

  /** Hangs up, with what the exchange still needs to be told. */
  #leave(): void {
    if (this.#over) return;
    this.#over = true;
    this.#incoming.drop();
    if (!this.#answered) {
      this.#answer.drop();
      this.#answer.abandon();
    } else if (!this.#read) this.#exchange.stopReading();
    this.#guard(() => this.#connection.destroy());
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
      this.#host.onFailure(error, undefined);
      if (!this.#answered) this.#exchange.abort('handler-failed');
      this.#leave();
    }
  }
}

/** The head as the server would have read it: without metadata, with the field that belongs to its connection. */
function replay(head: Head): Buffer {
  const line = `${methodOf(head)} ${pathOf(head)} HTTP/1.1\r\n`;
  const into = Buffer.allocUnsafe(head.end - head.start + line.length + connectionUpgrade.length);
  let at = writeLatin1(line, into, 0);
  at = copyFields(head, into, at);
  at = writeLatin1(connectionUpgrade, into, at);
  return into.subarray(0, at);
}
