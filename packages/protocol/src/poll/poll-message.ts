import { bytesOf, latin1, type WrittenBody, writeLatin1 } from '../http1/index.js';
import { readVarint, varintLength, varintSize, writeVarint } from '../pipe/index.js';

/** First byte of the bodies of long polling. */
export const PollKind = {
  Poll: 0x20,
  Post: 0x22,
  Answer: 0x24,
  /** An answer that does not count: the request that it answers was superseded by a repeat, or its transport is over. */
  Void: 0x25,
} as const;

/** What every request says: which session, and by which of its transports. */
export interface PollRequest {
  readonly session: string;
  /** As in the hello that this transport came with. */
  readonly attach: number;
  /** Undefined in a post. */
  readonly poll: PollTerms | undefined;
  /** Messages carried up. */
  readonly messages: readonly Uint8Array[];
}

/** What a poll asks for. */
export interface PollTerms {
  /** Counts the polls of a transport from 1; a repeat has the same number. */
  readonly number: number;
  /** Every poll below this was answered in full. */
  readonly lowest: number;
  /** Largest answer wanted, bytes. */
  readonly maxAnswerBytes: number;
  /** How long the poll may wait for something to carry, ms. */
  readonly holdMs: number;
}

/** What came back. */
export interface PollAnswer {
  readonly counts: boolean;
  /** The poll's number; 0 for a post, and where the transport is over. */
  readonly number: number;
  readonly messages: readonly Uint8Array[];
}

/** Room that a request's beginning takes at most, without its messages. */
export const maxPollHeaderBytes = 512;

/** More messages than this are not read from a body: each costs memory of its own. */
export const maxMessagesPerBody = 1024;

/** Says that a transport is over: another one carries the session, or it was taken for lost. */
export const transportOver: PollAnswer = { counts: false, number: 0, messages: [] };

/** A request's body. */
export function pollRequestBody({ session, attach, poll, messages }: PollRequest): WrittenBody {
  const values = poll ? [attach, poll.number, poll.lowest, poll.maxAnswerBytes, poll.holdMs] : [attach];
  return {
    length: 1 + varintLength(session.length) + session.length + sizeOf(values) + sizeOfMessages(messages),
    writeTo(into, start) {
      into[start] = poll ? PollKind.Poll : PollKind.Post;
      let at = writeVarint(into, start + 1, session.length);
      at = writeLatin1(session, into, at);
      for (const value of values) at = writeVarint(into, at, value);
      writeMessages(into, at, messages);
    },
  };
}

/** An answer's body. */
export function pollAnswerBody({ counts, number, messages }: PollAnswer): WrittenBody {
  return {
    length: 1 + varintLength(number) + sizeOfMessages(messages),
    writeTo(into, at) {
      into[at] = counts ? PollKind.Answer : PollKind.Void;
      writeMessages(into, writeVarint(into, at + 1, number), messages);
    },
  };
}

/** Writes a request into memory of its own. */
export function encodePollRequest(request: PollRequest): Uint8Array<ArrayBuffer> {
  return bytesOf(pollRequestBody(request));
}

/** Reads a request; undefined for anything that is not one. */
export function decodePollRequest(body: Uint8Array): PollRequest | undefined {
  const reader = new Reader(body);
  const kind = reader.byte();
  if (kind !== PollKind.Poll && kind !== PollKind.Post) return undefined;
  const session = reader.text();
  const attach = reader.number();
  const poll =
    kind === PollKind.Poll
      ? { number: reader.number(), lowest: reader.number(), maxAnswerBytes: reader.number(), holdMs: reader.number() }
      : undefined;
  const messages = reader.messages();
  return reader.broken ? undefined : { session, attach, poll, messages };
}

/** Which session a request is for, read from its first bytes; undefined when they do not tell (yet). */
export function sessionOfPoll(bytes: Uint8Array): string | undefined {
  const reader = new Reader(bytes);
  const kind = reader.byte();
  const session = reader.text();
  return reader.broken || (kind !== PollKind.Poll && kind !== PollKind.Post) ? undefined : session;
}

/** Writes an answer into memory of its own. */
export function encodePollAnswer(answer: PollAnswer): Uint8Array<ArrayBuffer> {
  return bytesOf(pollAnswerBody(answer));
}

/** Reads an answer; undefined for anything that is not one. */
export function decodePollAnswer(body: Uint8Array): PollAnswer | undefined {
  const reader = new Reader(body);
  const kind = reader.byte();
  const number = reader.number();
  const messages = reader.messages();
  if (reader.broken || (kind !== PollKind.Answer && kind !== PollKind.Void)) return undefined;
  return { counts: kind === PollKind.Answer, number, messages };
}

/** Bytes that a message takes in a body. */
export function carriedLength(message: Uint8Array): number {
  return varintLength(message.length) + message.length;
}

function sizeOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + varintLength(value), 0);
}

function sizeOfMessages(messages: readonly Uint8Array[]): number {
  return messages.reduce((sum, message) => sum + carriedLength(message), 0);
}

function writeMessages(body: Uint8Array, start: number, messages: readonly Uint8Array[]): void {
  let at = start;
  for (const message of messages) {
    at = writeVarint(body, at, message.length);
    body.set(message, at);
    at += message.length;
  }
}

/** Reads on to the end; after a fault everything reads as nothing and `broken` is set. */
class Reader {
  broken = false;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.#at < this.#bytes.length ? this.#bytes[this.#at++]! : this.#fail();
  }

  number(): number {
    const at = this.#at;
    if (this.broken || at >= this.#bytes.length) return this.#fail();
    const size = varintSize(this.#bytes[at]!);
    if (at + size > this.#bytes.length) return this.#fail();
    this.#at += size;
    const value = readVarint(this.#bytes, at);
    return Number.isNaN(value) ? this.#fail() : value;
  }

  piece(): Uint8Array {
    const length = this.number();
    const start = this.#at;
    if (length > this.#bytes.length - start) this.#fail();
    this.#at += this.broken ? 0 : length;
    return this.#bytes.subarray(start, this.#at);
  }

  text(): string {
    const piece = this.piece();
    return piece.length > maxPollHeaderBytes ? String(this.#fail()) : latin1(piece, 0, piece.length);
  }

  messages(): Uint8Array[] {
    const messages: Uint8Array[] = [];
    while (!this.broken && this.#at < this.#bytes.length) {
      if (messages.length === maxMessagesPerBody) this.#fail();
      messages.push(this.piece());
    }
    return messages;
  }

  #fail(): number {
    this.broken = true;
    return 0;
  }
}
