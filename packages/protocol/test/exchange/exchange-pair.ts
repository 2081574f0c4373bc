import {
  AcceptedExchange,
  type AnswerHandler,
  OpenedExchange,
  type OpenedRequest,
  type RequestHandler,
} from '../../src/exchange/index.js';
import { Head } from '../../src/http1/index.js';
import type { ByteSource, MuxOptions } from '../../src/mux/index.js';
import { MuxPair } from '../mux/mux-pair.js';

export const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value, 'latin1'));

/** Lines of a head, with their ends. */
export const head = (...lines: string[]): Uint8Array => text(`${lines.join('\r\n')}\r\n\r\n`);

/** What one side of an exchange heard, in order. */
export class Heard implements AnswerHandler, RequestHandler {
  readonly events: string[] = [];
  keepsInterimCredit = false;
  onRequest(h: Head, ended: boolean): void {
    this.events.push(`request${h.upgrade ? ' upgrade' : ''}${ended ? ' ended' : ''}`);
  }
  onInterim(h: Head): boolean {
    this.events.push(`interim ${h.status}`);
    return !this.keepsInterimCredit;
  }
  onAnswer(h: Head, ended: boolean): void {
    this.events.push(`answer ${h.status}${ended ? ' ended' : ''}`);
  }
  onUpgrade(h: Head): void {
    this.events.push(`upgrade ${h.status}`);
  }
  onBody(bytes: Uint8Array): void {
    this.events.push(`body ${bytes.length}`);
  }
  onEnd(trailers: Uint8Array | undefined): void {
    this.events.push(trailers ? `end ${Buffer.from(trailers).toString('latin1').trim()}` : 'end');
  }
  onStopReading(): void {
    this.events.push('stop');
  }
  onFailed(reason: string, detail: string): void {
    this.events.push(`failed ${reason}: ${detail}`);
  }
  onAborted(reason: string, detail: string): void {
    this.events.push(`aborted ${reason}: ${detail}`);
  }
}

/** A gateway's and a connector's half of exchanges, joined by hand. */
export class ExchangePair {
  readonly accepted: { exchange: AcceptedExchange; heard: Heard }[] = [];
  readonly pair: MuxPair;

  constructor(acceptor: Partial<MuxOptions> = {}) {
    const scratch = new Head();
    this.pair = new MuxPair(
      {},
      {
        onStream: (stream) => {
          const heard = new Heard();
          const exchange = new AcceptedExchange(stream, scratch, () => heard);
          this.accepted.push({ exchange, heard });
          return exchange;
        },
        ...acceptor,
      },
    );
  }

  open(
    bytes: Uint8Array,
    body?: ByteSource,
    request: Partial<OpenedRequest> = {},
  ): { exchange: OpenedExchange; heard: Heard } {
    const heard = new Heard();
    const whole = { isHead: false, asks: undefined, ...request };
    const exchange = OpenedExchange.open(this.pair.opener, whole, heard, new Head())!;
    exchange.send(bytes, body);
    return { exchange, heard };
  }

  settle(): void {
    this.pair.settle();
  }
}
