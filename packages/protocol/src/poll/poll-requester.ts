import type { Timer, Transport, TransportHandler } from '../session/index.js';
import { Batch } from './batch.js';
import { Gathering } from './gathering.js';
import { gatherLastWord, sendLastWord } from './last-word.js';
import { movingHoldMs, Outgoing } from './outgoing.js';
import { decodePollAnswer, maxPollHeaderBytes, type PollAnswer, pollRequestBody } from './poll-message.js';
import { createPollPath, type PollPath } from './poll-path.js';
import type { PollOutcome, PollRequesterOptions } from './poll-requester-options.js';
import { serialHoldMs } from './serial-hop.js';
import { Timers } from './timers.js';

/** An answer that is due must come within this or three round trips, ms; after twice that the transport is lost. */
const patienceMs = 5000;
/** Waits before repeats, ms; after the last the transport is lost. */
const retryMs: readonly number[] = [0, 100, 500, 2000];
/** Wait after a failure that does not count, ms. */
const sparedMs = 100;
/** Nobody is taken at his word who wants us to come again only after this, ms. */
const maxRetryMs = 30_000;
/** A poll that fails after waiting this long was cut by somebody who does not like to wait, ms. */
const parkedMs = 500;
/** An answer's messages are larger than this when they carry data, not only acks and credit. */
const maxAckBytes = 64;
/** Less room than this is not worth another message, bytes. */
const leastRoomBytes = 4096;
/** Room for the message's own length. */
const lengthBytes = 8;

const deaf: TransportHandler = { onMessage() {}, onWritable() {}, onClosed() {} };

/**
 * The asking end of long polling: keeps one poll at the gateway, a second while data moves, and carries up what there is
 * with the next poll, or by posts of its own.
 */
export class PollRequester implements Transport {
  readonly name = 'poll';
  readonly watchesItself = true;
  handler: TransportHandler = deaf;
  movedBytes = 0;
  readonly #options: PollRequesterOptions;
  readonly #path: PollPath;
  readonly #polls = new Map<number, Outgoing>();
  readonly #posts = new Set<Outgoing>();
  readonly #timers: Timers;
  #nextNumber = 1;
  /** Whether the last answer brought something: a second poll is worth its cost. */
  #moving = false;
  #answeredAt = 0;
  /** When any request was answered. */
  #heardAt = -1;
  #pumpDeferred = false;
  /** An answer's messages are being given to the session: what it has to say goes when it has heard all of them. */
  #delivering = false;
  readonly #maxPosts: number;
  readonly #gathering: Gathering;
  #batch = new Batch();
  /** What the gateway has processed, and where the bytes of all answered requests end. */
  #acked = 0;
  #carriedEnd = 0;
  /** Bodies were halved, and nothing has come through since: it is the way that is broken. */
  #shrunk = false;
  #wasSuspect = false;
  #closed = false;

  constructor(options: PollRequesterOptions) {
    this.#options = options;
    this.#path = options.path ?? createPollPath();
    this.#pumpLater();
    this.#maxPosts = options.maxPosts ?? 4;
    this.#timers = new Timers(options.clock);
    this.#gathering = new Gathering(options.clock, () => this.#dispatch());
  }

  get maxMessageBytes(): number {
    return this.#room - lengthBytes;
  }

  get writable(): boolean {
    if (this.#closed || this.#delivering) return false;
    if (this.#batch.bytes > 0) return this.#room >= leastRoomBytes && !this.#batch.full;
    return this.#pollIsDue || this.#posts.size < this.#maxPosts;
  }

  /** An answer that is due did not come. */
  get suspect(): boolean {
    return this.#outgoing.some(({ timeouts }) => timeouts > 0);
  }

  send(message: Uint8Array): void {
    this.#batch.add(message);
  }

  flush(): void {
    if (this.#batch.bytes === 0 || this.#closed) return;
    const isFull = this.#batch.full || this.#room < leastRoomBytes;
    if (!isFull && this.#isCarrying && this.#gathering.waits(this.#path.roundTripMs)) return;
    this.#dispatch();
    if (isFull && this.writable) this.#pumpLater();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#gathering.stop();
    this.#timers.cancelAll();
    for (const outgoing of this.#outgoing) outgoing.giveUp();
    if (this.#batch.bytes > 0) this.#sendLastWord();
    const { handler } = this;
    this.handler = deaf;
    handler.onClosed('closed');
  }

  #tellSuspect(): void {
    const { suspect } = this;
    if (suspect === this.#wasSuspect) return;
    this.#wasSuspect = suspect;
    this.handler.onSuspect?.();
  }

  /** Sends what was gathered, where a request may leave. */
  #dispatch(): void {
    if (this.#batch.bytes === 0 || this.#closed) return;
    this.#gathering.stop();
    if (this.#pollIsDue) this.#sendPoll();
    else if (this.#posts.size < this.#maxPosts) this.#sendPost();
  }

  /** Whether a poll that left before it is still held at the gateway. */
  #overtook({ sentAt }: Outgoing): boolean {
    return this.#outgoing.some((other) => other.sentAt <= sentAt && other.mayWait(this.#acked));
  }

  /** Whether bytes are on their way up. */
  get #isCarrying(): boolean {
    return this.#posts.size > 0 || this.#outgoing.some(({ batch }) => batch.end > 0);
  }

  get #room(): number {
    return this.#path.up.bytes - maxPollHeaderBytes - this.#batch.bytes;
  }

  get #outgoing(): Outgoing[] {
    return [...this.#polls.values(), ...this.#posts];
  }

  get #pollIsDue(): boolean {
    const { size } = this.#polls;
    return size === 0 || (size < this.#wantedPolls && this.#nextNumber <= this.#lowest + 1);
  }

  get #wantedPolls(): number {
    const isWorthTwo = this.#moving && !this.#path.serial.at(this.#options.clock.now());
    return isWorthTwo ? (this.#options.maxPolls ?? 2) : 1;
  }

  /** Every poll below was answered in full. */
  get #lowest(): number {
    return Math.min(this.#nextNumber, ...this.#polls.keys());
  }

  get #patienceMs(): number {
    return Math.max(patienceMs, 3 * (this.#path.roundTripMs ?? 0));
  }

  /** At the turn's end, so that a poll takes along what the session has to say. */
  #pumpLater(): void {
    if (this.#pumpDeferred) return;
    this.#pumpDeferred = true;
    this.#options.defer(() => {
      this.#pumpDeferred = false;
      if (!this.#closed) this.handler.onWritable();
      this.flush();
      while (!this.#closed && this.#pollIsDue) this.#sendPoll();
    });
  }

  #sendPoll(): void {
    const number = this.#nextNumber++;
    const outgoing = this.#take(number);
    this.#polls.set(number, outgoing);
    this.#request(outgoing);
  }

  #sendPost(): void {
    const outgoing = this.#take(undefined);
    this.#posts.add(outgoing);
    this.#request(outgoing);
  }

  #take(number: number | undefined): Outgoing {
    const batch = this.#batch.bytes > 0 ? this.#batch : this.#ack();
    this.#batch = new Batch();
    return new Outgoing(number, batch);
  }

  #ack(): Batch {
    const ack = this.handler.takeAck?.();
    return Batch.of(ack ? [ack] : []);
  }

  #request(outgoing: Outgoing): void {
    const { clock, post, session, attach } = this.#options;
    const { number } = outgoing;
    const now = clock.now();
    outgoing.sentAt = outgoing.movedAt = now;
    // After a silence the question is only whether anybody is there: that is answered at once.
    outgoing.holdMs = outgoing.timeouts > 0 ? 0 : this.#holdAt(now);
    outgoing.answerBytes = this.#path.down.bytes;
    const terms = { lowest: this.#lowest, maxAnswerBytes: outgoing.answerBytes, holdMs: outgoing.holdMs };
    // A repeat says what was processed by now: it is answered from there.
    const messages =
      outgoing.failures > 0 ? [...this.#ack().messages, ...outgoing.batch.messages] : outgoing.batch.messages;
    const poll = number === undefined ? undefined : { number, ...terms };
    const onOutcome = (outcome: PollOutcome): void => {
      cancelDeadline();
      outgoing.giveUp = () => {};
      this.#onOutcome(outgoing, outcome);
    };
    const giveUp = post(
      poll ? 'poll' : 'post',
      pollRequestBody({ session, attach, poll, messages }),
      onOutcome,
      (bytes) => {
        outgoing.movedAt = clock.now();
        this.movedBytes += bytes;
      },
    );
    const cancelDeadline = this.#watch(outgoing, () => {
      giveUp();
      outgoing.giveUp = () => {};
      outgoing.timeouts++;
      if (outgoing.hadToBeAnswered && outgoing.timeouts === 1 && this.#overtook(outgoing))
        this.#path.serial.late(clock.now());
      this.#tellSuspect();
      this.#onFailed(outgoing, 'no answer in time');
    });
    outgoing.giveUp = () => {
      cancelDeadline();
      giveUp();
    };
  }

  #holdAt(now: number): number {
    const { hold, serial } = this.#path;
    if (serial.at(now)) return serialHoldMs;
    return this.#moving ? Math.min(hold.at(now), movingHoldMs) : hold.at(now);
  }

  /** Calls `onLate` when the answer is overdue; the result stops that. */
  #watch(outgoing: Outgoing, onLate: () => void): () => void {
    const { clock } = this.#options;
    const look = (): Timer | undefined => {
      const wait = outgoing.dueAt(this.#acked, this.#patienceMs) - clock.now();
      if (wait > 0) return this.#timers.start(wait, () => (timer = look()));
      onLate();
      return undefined;
    };
    let timer = look();
    return () => this.#timers.cancel(timer);
  }

  #onOutcome(outgoing: Outgoing, outcome: PollOutcome): void {
    if (this.#closed) return;
    if (outcome.kind === 'too-large') return this.#onTooLarge(outgoing);
    if (outcome.kind === 'failed') return this.#onFailed(outgoing, outcome.detail, outcome.retryAfterMs);
    const answer = decodePollAnswer(outcome.body);
    if (answer && !answer.counts && answer.number === 0) return this.#lose('another transport took over');
    if (!answer || answer.number !== (outgoing.number ?? 0))
      return this.#onFailed(outgoing, "the answer is not a gateway's");
    // Somebody on the way sent the request twice, and the gateway talks to the other copy.
    if (!answer.counts) return this.#repeat(outgoing, 'doubled on the way');
    this.#onAnswer(outgoing, answer, outcome.body.length);
  }

  #onAnswer(outgoing: Outgoing, answer: PollAnswer, bytes: number): void {
    const { messages } = answer;
    const heard = Batch.of(messages);
    this.#acked = Math.max(this.#acked, heard.ack);
    this.#shrunk = false;
    this.#heardAt = this.#options.clock.now();
    this.movedBytes += bytes + outgoing.batch.bytes;
    this.#delivering = true;
    try {
      for (const message of messages) {
        if (!this.#closed) this.handler.onMessage(message);
      }
    } finally {
      this.#delivering = false;
    }
    if (this.#closed) return;
    this.#measure(outgoing, heard, bytes);
    this.#remove(outgoing);
    this.#tellSuspect();
    if (heard.ack >= 0) this.#findLost();
    this.#pumpLater();
  }

  /** Learns of the way. */
  #measure(outgoing: Outgoing, heard: Batch, bytes: number): void {
    const { number, batch, sentAt } = outgoing;
    const path = this.#path;
    const now = this.#options.clock.now();
    const trip = outgoing.tripMs(now);
    if (trip !== undefined) path.roundTripMs = Math.min(path.roundTripMs ?? trip, trip);
    if (outgoing.hadToBeAnswered) {
      if (path.serial.isSuspected && this.#overtook(outgoing)) path.serial.refute();
      path.serial.answered(now - sentAt, now);
      path.up.worked(batch.bytes + maxPollHeaderBytes, now - sentAt, now);
    } else if (now - sentAt >= outgoing.holdMs) path.serial.pollExpired(now);
    if (number === undefined) return;
    if (this.#moving) path.down.worked(bytes, now - Math.max(sentAt, this.#answeredAt), now);
    this.#moving = heard.messages.some((message) => message.length > maxAckBytes);
    this.#answeredAt = now;
  }

  #remove(outgoing: Outgoing): void {
    this.#carriedEnd = Math.max(this.#carriedEnd, outgoing.batch.end);
    if (outgoing.number === undefined) this.#posts.delete(outgoing);
    else this.#polls.delete(outgoing.number);
  }

  /** Whatever carried the first byte that is not acked was answered: it went lost on the way, or found no room. */
  #findLost(): void {
    const first = this.#acked;
    if (first >= this.#carriedEnd) return;
    if (this.#outgoing.some(({ batch }) => batch.start <= first && first < batch.end)) return;
    this.#carriedEnd = first;
    this.handler.onLost?.(first);
  }

  #onTooLarge(outgoing: Outgoing): void {
    const { batch, number } = outgoing;
    if (!this.#path.up.refused(batch.bytes + maxPollHeaderBytes, this.#options.clock.now())) {
      return this.#onFailed(outgoing, 'even small bodies are too large for somebody on the way');
    }
    this.#cutAnew(outgoing);
    if (number !== undefined) this.#request(outgoing);
  }

  #onFailed(outgoing: Outgoing, detail: string, retryAfterMs = 0): void {
    const now = this.#options.clock.now();
    const waited = Math.min(now - outgoing.sentAt, outgoing.holdMs);
    const wasParked = outgoing.mayWait(this.#acked) && waited > parkedMs;
    if (wasParked) this.#path.hold.cut(waited, now);
    // Who was told when to come again was told by somebody who has read it: the size is not to blame.
    if (retryAfterMs > 0) return this.#repeat(outgoing, detail, retryAfterMs);
    if (outgoing.sparesFailure(now, this.#heardAt)) return this.#requestIn(outgoing, sparedMs);
    // One failure is chance. A poll that was cut while it waited is given a second one with a shorter hold.
    const more = outgoing.failures - (wasParked ? 2 : 1);
    if (more >= 0 && more % 2 === 0 && this.#shrink(outgoing)) return;
    this.#repeat(outgoing, detail);
  }

  #repeat(outgoing: Outgoing, detail: string, retryAfterMs = 0): void {
    const wait = retryMs[outgoing.failures++];
    if (wait === undefined || outgoing.timeouts > 1) return this.#lose(detail);
    const spread = 0.5 + (this.#options.random?.() ?? 0.5);
    this.#requestIn(outgoing, Math.min(Math.max(wait * spread, retryAfterMs), maxRetryMs));
  }

  #requestIn(outgoing: Outgoing, ms: number): void {
    if (ms === 0) this.#request(outgoing);
    else this.#timers.start(ms, () => this.#request(outgoing));
  }

  /** Smaller bodies may come through; true when the request is not to be repeated, for its bytes are cut anew. */
  #shrink(outgoing: Outgoing): boolean {
    const { up, down } = this.#path;
    const { batch, number, answerBytes } = outgoing;
    const size = batch.bytes + maxPollHeaderBytes;
    const now = this.#options.clock.now();
    // Others have shown since it was cut that it is too large.
    let cutAnew = batch.end > 0 && size > up.bytes;
    if (number !== undefined) down.failed(answerBytes, now);
    // Without anything that came through since the last time it is hardly the size.
    if (!cutAnew && !this.#shrunk && batch.end > 0) this.#shrunk = cutAnew = up.failed(size, now);
    if (cutAnew) this.#cutAnew(outgoing);
    return cutAnew && number === undefined;
  }

  /** The bytes go again in other bodies; of a poll the asking is left. */
  #cutAnew(outgoing: Outgoing): void {
    const { start } = outgoing.batch;
    if (outgoing.number === undefined) this.#posts.delete(outgoing);
    else outgoing.batch = this.#ack();
    if (start < Number.POSITIVE_INFINITY) this.handler.onLost?.(start);
    this.#pumpLater();
  }

  /** Goes out even though nobody waits for the answer, and takes along what was not answered, as far as there is room. */
  #sendLastWord(): void {
    const before = this.#outgoing.map(({ batch }) => batch);
    sendLastWord(this.#options, gatherLastWord(this.#batch, before, this.#room), patienceMs);
  }

  #lose(detail: string): void {
    const { handler } = this;
    this.handler = deaf;
    this.#batch = new Batch();
    this.close();
    handler.onClosed(detail);
  }
}
