import { type MessageHeader, MessageKind, readMessageHeader, replyFlag } from '../pipe/index.js';
import { carriedLength, maxMessagesPerBody } from './poll-message.js';

/** Messages that travel in one body, and what they say of the byte streams. */
export class Batch {
  readonly messages: Uint8Array[] = [];
  /** What the messages take in a body. */
  bytes = 0;
  /** Offset of the first byte of the stream, and where the last one ends; Infinity and 0 where there are none. */
  start: number = Number.POSITIVE_INFINITY;
  end = 0;
  /** What the sender has processed, says the latest of them; -1 where none does. */
  ack = -1;
  /** One of them asks for an answer at once. */
  asks = false;
  readonly #header: MessageHeader = { offset: 0, ack: 0, reply: false, payloadStart: 0 };

  static of(messages: readonly Uint8Array[]): Batch {
    const batch = new Batch();
    for (const message of messages) batch.add(message);
    return batch;
  }

  /** No more of them go into a body; two places are kept free, for a last word and for a later ack. */
  get full(): boolean {
    return this.messages.length >= maxMessagesPerBody - 2;
  }

  add(message: Uint8Array): void {
    this.messages.push(message);
    this.bytes += carriedLength(message);
    const header = this.#header;
    if ((message[0]! & ~replyFlag) !== MessageKind.Data || !readMessageHeader(message, header)) return;
    this.ack = Math.max(this.ack, header.ack);
    this.asks ||= header.reply;
    const length = message.length - header.payloadStart;
    if (length === 0) return;
    this.start = Math.min(this.start, header.offset);
    this.end = Math.max(this.end, header.offset + length);
  }
}
