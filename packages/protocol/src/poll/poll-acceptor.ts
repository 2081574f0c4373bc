import { ReverseHttpError } from '../errors/index.js';
import type { Clock, Timer, Transport, TransportHandler } from '../session/index.js';
import { Batch } from './batch.js';
import { Gathering } from './gathering.js';
import { IdleBudget } from './idle-budget.js';
import { type PollAnswer, type PollRequest, type PollTerms, transportOver } from './poll-message.js';

/** One HTTP request of a connector, to be answered once. */
export interface PollResponder {
  answer(answer: PollAnswer): void;
  /** Instead of an answer: the request was not taken, and is to come again in a second. */
  refuse(): void;
  /** Set by who took the request; called when its connection died before the answer. */
  onGone?: () => void;
}

/** Settings of a {@link PollAcceptor}. */
export interface PollAcceptorOptions {
  readonly clock: Clock;
  /** A poll is answered after this at the latest, ms, even if it asked for longer. Default 60,000. */
  readonly maxHoldMs?: number;
  /** Smallest round trip known, ms. */
  readonly roundTripMs: () => number | undefined;
}

interface WaitingPoll {
  readonly terms: PollTerms;
  readonly responder: PollResponder;
  readonly timer: Timer;
  /** It came before: nobody knows which copy of it is still waited for. */
  readonly repeated: boolean;
  /** It brought bytes: the connector waits for their ack. */
  readonly carries: boolean;
}

/** Answers are at most this long, whatever a poll wants, and no poll wants less than that, bytes. */
const maxAnswerBytes = 4 * 1024 * 1024;
const leastAnswerBytes = 1024;
/** Less room than this is not worth another message, bytes. */
const leastRoomBytes = 4096;
/** Room for kind, number and the message's own length. */
const overheadBytes = 24;
/** The next poll must come within this after an answer, or three round trips; after twice that the transport is lost, ms. */
const patienceMs = 5000;
/** Polls on their way at a time; more are a fault of the connector's. */
const maxOutstanding = 2;
/** Large repeats (of what found no room behind a gap) cost the connector enough by themselves, bytes. */
const leastRepeatBytes = 1024;

const deaf: TransportHandler = { onMessage() {}, onWritable() {}, onClosed() {} };

/**
 * The answering end of long polling: holds polls until there is something to carry, answers the lowest. Polls and posts
 * may be lost, repeated and reordered on the way; whatever their answers lose is found out by the next poll and sent again.
 */
export class PollAcceptor implements Transport {
  readonly name = 'poll';
  readonly watchesItself = true;
  handler: TransportHandler = deaf;
  suspect = false;
  movedBytes = 0;
  readonly #options: PollAcceptorOptions;
  /** In order of their numbers; at most two. */
  readonly #waiting: WaitingPoll[] = [];
  readonly #budget = new IdleBudget();
  /** For each poll that was answered and may have to be repeated: where the bytes of its answer end. */
  readonly #answered = new Map<number, number>();
  /** Where the bytes of all answers end that the connector says it has got. */
  #receivedEnd = 0;
  #lowest = 1;
  #highest = 0;
  /** Ends of what the connector has sent and acked: what it sends is of use when it raises one of them. */
  #upEnd = 0;
  #ack = 0;
  readonly #gathering: Gathering;
  #batch = new Batch();
  #patience: Timer | undefined;
  #closed = false;

  constructor(options: PollAcceptorOptions) {
    this.#options = options;
    this.#gathering = new Gathering(options.clock, () => this.#answerGathered());
    this.#awaitRequest();
  }

  get maxMessageBytes(): number {
    return this.#room - overheadBytes;
  }

  get writable(): boolean {
    if (this.#waiting.length === 0) return false;
    return this.#batch.bytes === 0 || (this.#room >= leastRoomBytes && !this.#batch.full);
  }

  /** Answers are written at once. */
  get hasLeft(): boolean {
    return this.#batch.bytes === 0;
  }

  send(message: Uint8Array): void {
    this.#batch.add(message);
  }

  flush(): void {
    if (this.#batch.bytes === 0 || this.#waiting.length === 0) return;
    const isFull = !this.writable;
    // With bytes on their way and one poll left, a full answer is worth a moment.
    const isCarrying = this.#waiting.length === 1 && this.#isCarrying;
    if (!isFull && isCarrying && this.#gathering.waits(this.#options.roundTripMs())) return;
    this.#answer(this.#waiting[0]!);
    if (isFull && this.writable) this.handler.onWritable();
  }

  /**
   * Takes a request of this transport; its responder is called now or later.
   *
   * @throws ReverseHttpError `protocol-error` for a poll before its time, and for a flood of requests that bring nothing.
   */
  receive(request: PollRequest, responder: PollResponder): void {
    if (this.#closed) return responder.answer(transportOver);
    const { poll, messages } = request;
    if (poll) this.#assertOrder(poll);
    const brought = Batch.of(messages);
    const isUseful = brought.end > this.#upEnd || brought.ack > this.#ack || brought.bytes >= leastRepeatBytes;
    this.#upEnd = Math.max(this.#upEnd, brought.end);
    this.#ack = Math.max(this.#ack, brought.ack);
    // First, for a close is not to be refused; whatever else brings nothing does nothing.
    if (!this.#deliver(messages, responder)) return;
    // Two polls may follow that bring nothing new.
    if (isUseful) this.#budget.earn(2);
    else if (this.#isTooFast()) return responder.refuse();
    if (poll) this.#receivePoll(poll, brought, responder);
    else this.#answerPost(responder);
  }

  close(): void {
    if (this.#closed) return;
    this.#answerGathered();
    this.#closed = true;
    this.#patience?.cancel();
    for (const { responder, timer } of this.#waiting.splice(0)) {
      timer.cancel();
      responder.answer(transportOver);
    }
    const { handler } = this;
    this.handler = deaf;
    handler.onClosed('closed');
  }

  /** Whether an answer with bytes is on its way, or was a moment ago. */
  get #isCarrying(): boolean {
    for (const end of this.#answered.values()) if (end > 0) return true;
    return false;
  }

  get #room(): number {
    return answerBytesOf(this.#waiting[0]?.terms) - this.#batch.bytes;
  }

  /** False when that ended the transport. */
  #deliver(messages: readonly Uint8Array[], responder: PollResponder): boolean {
    try {
      for (const message of messages) {
        if (this.#closed) break;
        this.movedBytes += message.length;
        this.handler.onMessage(message);
      }
    } finally {
      // Also when a handler threw: whoever asked is not to wait for nothing.
      if (this.#closed) responder.answer(transportOver);
    }
    return !this.#closed;
  }

  /** A poll leaves when all but one of those before it were answered, which cannot be before they were seen here. */
  #assertOrder({ number, lowest }: PollTerms): void {
    const early = number >= Math.max(lowest, this.#lowest) + maxOutstanding || lowest > this.#highest + 1;
    if (early || lowest > number) throw new ReverseHttpError('protocol-error', 'a poll before its time');
  }

  #receivePoll(terms: PollTerms, { ack, end }: Batch, responder: PollResponder): void {
    const { number, lowest } = terms;
    const isNews = lowest >= this.#lowest;
    this.#advance(lowest);
    // Answered in full, says the connector: somebody on the way repeats it.
    if (number < this.#lowest) return responder.answer({ counts: false, number, messages: [] });
    const doubled = this.#supersede(number);
    const repeated = this.#answered.delete(number);
    if (repeated || (isNews && ack < this.#receivedEnd)) {
      this.#receivedEnd = Math.max(ack, 0);
      this.handler.onLost?.(this.#receivedEnd);
    }
    this.#highest = Math.max(this.#highest, number);
    const waiting = this.#park({ terms, responder, repeated: repeated || doubled, carries: end > 0 });
    this.handler.onWritable();
    // Its bytes found no room, perhaps: the connector finds out by an answer.
    const isStuck = end > (this.handler.processed?.() ?? end);
    if (isStuck) this.#answer(waiting);
  }

  #answerPost(responder: PollResponder): void {
    this.#heard();
    responder.answer({ counts: true, number: 0, messages: this.#ackMessages() });
    // The ack was taken by an answer that nobody may wait for (a hop's copy): a poll that needs it is not to go without.
    for (const waiting of [...this.#waiting]) if (waiting.carries) this.#answer(waiting);
  }

  /** Polls below `lowest` were answered in full: what their answers carried must be acked. */
  #advance(lowest: number): void {
    if (lowest <= this.#lowest) return;
    this.#lowest = lowest;
    for (const [number, end] of this.#answered) {
      if (number >= lowest) continue;
      this.#receivedEnd = Math.max(this.#receivedEnd, end);
      this.#answered.delete(number);
    }
  }

  /** Gives up requests that nobody waits for: an earlier copy of this poll (true when there was one), polls answered in full. */
  #supersede(number: number): boolean {
    let doubled = false;
    for (const waiting of [...this.#waiting]) {
      if (waiting.terms.number !== number && waiting.terms.number >= this.#lowest) continue;
      this.#release(waiting);
      doubled ||= waiting.terms.number === number;
      waiting.responder.answer({ counts: false, number: waiting.terms.number, messages: [] });
    }
    return doubled;
  }

  #park(poll: Omit<WaitingPoll, 'timer'>): WaitingPoll {
    const { clock, maxHoldMs = 60_000 } = this.#options;
    const timer = clock.setTimer(() => this.#answer(waiting), Math.min(poll.terms.holdMs, maxHoldMs));
    const waiting: WaitingPoll = { ...poll, timer };
    poll.responder.onGone = () => this.#onGone(waiting);
    this.#waiting.push(waiting);
    this.#waiting.sort((a, b) => a.terms.number - b.terms.number);
    this.#heard();
    return waiting;
  }

  /** Nobody waits for the answer any more: the connector repeats the poll, or is gone itself. */
  #onGone(waiting: WaitingPoll): void {
    if (!this.#waiting.includes(waiting)) return;
    this.#release(waiting);
    if (this.#waiting.length > 0 || this.#closed) return;
    this.#setSuspect(true);
    this.#awaitRequest();
  }

  #answerGathered(): void {
    if (this.#batch.bytes > 0 && this.#waiting.length > 0) this.#answer(this.#waiting[0]!);
  }

  /** Answers with what was gathered, or with an ack alone; nothing when it was answered already, beside another one. */
  #answer(waiting: WaitingPoll): void {
    this.#gathering.stop();
    if (!this.#waiting.includes(waiting)) return;
    if (this.#batch.bytes > answerBytesOf(waiting.terms)) this.#cutAnew();
    const { messages, end } = this.#batch;
    this.#batch = new Batch();
    this.#release(waiting);
    const { number } = waiting.terms;
    this.#answered.set(number, end);
    const carried = messages.length > 0 ? messages : this.#ackMessages();
    waiting.responder.answer({ counts: true, number, messages: carried });
    // If nobody waited for a repeat, the next poll tells so; where one waits already, it is sent for a newer one.
    if (waiting.repeated) for (const other of [...this.#waiting]) this.#answer(other);
    if (this.#waiting.length === 0 || end > 0) this.#awaitRequest();
  }

  /** What was gathered for one poll is too much for the one that came in its place: it goes again in smaller bodies. */
  #cutAnew(): void {
    const { start } = this.#batch;
    this.#batch = new Batch();
    if (start < Number.POSITIVE_INFINITY) this.handler.onLost?.(start);
  }

  #release(waiting: WaitingPoll): void {
    waiting.timer.cancel();
    this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
  }

  /** An answer left: another poll or an ack of what it carried must come, or the connector is suspect, and then lost. */
  #awaitRequest(): void {
    if (this.#closed || this.#patience) return;
    const { clock, roundTripMs } = this.#options;
    const wait = Math.max(patienceMs, 3 * (roundTripMs() ?? 0));
    this.#patience = clock.setTimer(() => {
      this.#setSuspect(true);
      this.#patience = clock.setTimer(() => this.close(), wait);
    }, wait);
  }

  /** A request came; without a poll among those that wait the connector is as deaf as before. */
  #heard(): void {
    if (this.#waiting.length === 0) return;
    this.#patience?.cancel();
    this.#patience = undefined;
    this.#setSuspect(false);
  }

  #setSuspect(suspect: boolean): void {
    if (this.suspect === suspect) return;
    this.suspect = suspect;
    this.handler.onSuspect?.();
  }

  #isTooFast(): boolean {
    const taken = this.#budget.take(this.#options.clock.now());
    if (taken === 'flood') throw new ReverseHttpError('protocol-error', 'too many requests that bring nothing');
    return taken === 'late';
  }

  #ackMessages(): Uint8Array[] {
    const ack = this.handler.takeAck?.();
    return ack ? [ack] : [];
  }
}

/** How long the answer to a poll may be. */
function answerBytesOf(terms: PollTerms | undefined): number {
  return Math.min(Math.max(terms?.maxAnswerBytes ?? 0, leastAnswerBytes), maxAnswerBytes);
}
