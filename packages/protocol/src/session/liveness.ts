import type { Clock, Timer } from './clock.js';
import type { Transport } from './transport.js';

/** A link silent for this long is asked for a sign of life as soon as something goes out, ms. */
export const quietMs = 1000;

/**
 * A sign of life that was asked for must come within this, or four round trips, ms; the time that bytes had waited before
 * they made this end ask is part of it. Half of it makes the peer suspect.
 */
export const replyTimeoutMs = 5000;

/**
 * The same for the end that dialled, ms. Where the other end was told that the link is gone, whoever comes there is held, for
 * 5 s by default: a new link must be there before that. A false alarm costs a dial, and nothing that runs.
 */
const diallerReplyTimeoutMs = 4000;

/** So long after a sleep what comes has waited here since, ms. */
const staleMs = 100;

/** Bytes that stay unacked for this long, or four round trips, although messages come, were lost on the way, ms. */
export const maxAckStallMs = 15_000;

/** No keep-alive is shorter, whatever a peer asks for, ms. */
const leastKeepAliveMs = 100;

/**
 * The end that dialled asks a little before its keep-alive is over. So it is mostly the one who asks, and learns that the
 * whole way works: what the other end asks says nothing of the way there.
 */
const diallerShare = 14 / 15;

/** What a watch needs of its session. */
export interface LivenessHost {
  readonly clock: Clock;
  readonly keepAliveMs: number;
  /** Whether this end dialled: it is to know of round trips, not only of the peer's messages. */
  readonly dials: boolean;
  /** Smallest round trip known, ms. */
  roundTripMs(): number | undefined;
  /** Since when bytes wait for an ack without any progress; undefined when none do. */
  unackedSince(): number | undefined;
  /** Send something now if that is possible, for {@link Liveness.wanted} was set. */
  onAsk(): void;
  /** Whether exchanges run: one of them may wait for what the peer was sending. */
  hasExchanges(): boolean;
  /** Half of the time for a sign of life is over. */
  onOverdue(): void;
  /** The transport is of no use any more: `silent`, or `stalled` while it looks alive. */
  onDead(why: 'silent' | 'stalled'): void;
}

/**
 * Watches whether the present transport is alive. Costs nothing per message but a store: one timer looks now and then.
 */
export class Liveness {
  /** When the peer was heard last. */
  lastHeardAt: number;
  /** When the peer said last what was no question: an answer, or bytes, or an ack of ours. */
  lastAnswerAt: number;
  /** A message that asks for an answer is due. */
  wanted = false;
  readonly #host: LivenessHost;
  readonly #keepAliveMs: number;
  readonly #replyTimeoutMs: number;
  #transport: Transport | undefined;
  #watchTimer: Timer | undefined;
  #replyTimer: Timer | undefined;
  #lookAt = 0;
  #movedBytes: number | undefined;
  #onHeard: (() => void)[] = [];
  /** Bytes of the stream came since the peer was asked last: silence behind them may be a cut in the middle of something. */
  #wasBusy = false;
  /** What comes was sent before this end slept. */
  #isStale = false;

  constructor(host: LivenessHost) {
    this.#host = host;
    this.#keepAliveMs = Math.max(host.keepAliveMs * (host.dials ? diallerShare : 1), leastKeepAliveMs);
    this.#replyTimeoutMs = host.dials ? diallerReplyTimeoutMs : replyTimeoutMs;
    this.lastHeardAt = this.lastAnswerAt = host.clock.now();
  }

  /** Begins to watch a transport; that it was given counts as a sign of life. */
  start(transport: Transport): void {
    this.stop();
    this.#transport = transport;
    this.lastHeardAt = this.lastAnswerAt = this.#host.clock.now();
    this.#watch();
  }

  stop(): void {
    this.#transport = undefined;
    this.wanted = this.#wasBusy = this.#isStale = false;
    this.#watchTimer?.cancel();
    this.#replyTimer?.cancel();
    this.#watchTimer = this.#replyTimer = undefined;
  }

  /**
   * Any message came. A question (it asks for an answer) is no answer: whoever asks may not hear this end.
   *
   * @returns whether it counts as one: the way there and back works
   */
  heard(now: number, isQuestion: boolean): boolean {
    this.lastHeardAt = now;
    if (this.#onHeard.length > 0) for (const onHeard of this.#onHeard.splice(0)) onHeard();
    if (this.#isStale || (isQuestion && !this.#transport?.watchesItself)) return false;
    this.lastAnswerAt = now;
    this.wanted = false;
    if (this.#replyTimer) {
      this.#replyTimer.cancel();
      this.#replyTimer = undefined;
    }
    return true;
  }

  /** Asks for a sign of life, where there is a way to; `onHeard` is called at the next one, whenever it comes. */
  probe(onHeard: () => void): void {
    this.#onHeard.push(onHeard);
    if (this.#transport) this.#ask(0);
  }

  /** Whether a message that goes out now is to ask for an answer: one is wanted, or it is the first on a quiet link. */
  asks(now: number): boolean {
    if (this.wanted || this.#transport?.watchesItself) return this.wanted;
    return !this.#replyTimer && now - this.lastHeardAt > quietMs;
  }

  /** A message that asks went out. */
  asked(): void {
    this.wanted = false;
    this.#awaitReply();
  }

  /** @param waitedMs How long what made this end ask had waited by then. */
  #awaitReply(waitedMs = 0): void {
    const transport = this.#transport;
    if (this.#replyTimer || transport?.watchesItself) return;
    const half = this.#patience(this.#replyTimeoutMs - waitedMs) / 2;
    this.#awaitHalf(half, () => {
      this.#host.onOverdue();
      // Whoever heard of it may have ended or replaced the transport.
      if (transport === this.#transport) this.#awaitHalf(half, () => this.#host.onDead('silent'));
    });
  }

  /**
   * This end slept, or its process stood still: nobody knows what became of the transport meanwhile. The peer counts as
   * overdue from now on. It is asked when what has waited here was read, and has the half of its time that is left.
   */
  doubt(): void {
    const transport = this.#transport;
    if (!transport) return;
    if (transport.watchesItself) return this.#host.onDead('silent');
    this.#replyTimer?.cancel();
    this.#isStale = true;
    this.#replyTimer = this.#host.clock.setTimer(() => {
      this.#isStale = false;
      this.wanted = true;
      this.#awaitHalf(this.#patience(this.#replyTimeoutMs) / 2, () => this.#host.onDead('silent'));
      this.#host.onAsk();
    }, staleMs);
    this.#host.onOverdue();
  }

  #awaitHalf(ms: number, onSilent: () => void): void {
    const transport = this.#transport;
    this.#movedBytes = transport?.movedBytes;
    this.#replyTimer = this.#host.clock.setTimer(() => {
      this.#replyTimer = undefined;
      if (transport?.movedBytes === this.#movedBytes) onSilent();
      else this.#awaitReply(); // Slow, but alive: the answer may stand behind what moves.
    }, ms);
  }

  /** Bytes went out: whether they arrive is worth a look soon. Costs a comparison for nearly every message. */
  sent(now: number): void {
    if (this.#lookAt - now > quietMs) this.#lookSoon();
  }

  /** Bytes of the peer's stream came: if nothing follows while exchanges run, that is worth a look as well. */
  received(now: number): void {
    this.#wasBusy = true;
    if (this.#lookAt - now > quietMs) this.#lookSoon();
  }

  #lookSoon(): void {
    if (this.#transport && !this.#transport.watchesItself) this.#lookIn(quietMs);
  }

  #watch(): void {
    const now = this.#host.clock.now();
    const since = this.#host.unackedSince();
    const left = this.#leftMs(now, since);
    // One that is overdue was acted upon just now: look again after the whole time.
    let wait = left > 0 ? left : this.#isUrgent(since) ? quietMs : this.#keepAliveMs;
    if (since !== undefined) {
      const stall = this.#patience(maxAckStallMs) / 2 - (now - since);
      wait = Math.min(wait, stall > 0 ? stall : this.#keepAliveMs);
    }
    this.#lookIn(Math.max(wait, 1));
  }

  /** How much more silence is borne before the peer is asked. */
  #leftMs(now: number, unackedSince: number | undefined): number {
    const left = this.#quietLeftMs(now);
    return this.#isUrgent(unackedSince) ? Math.min(left, quietMs - (now - this.lastHeardAt)) : left;
  }

  /** The same where nobody waits for anything. */
  #quietLeftMs(now: number): number {
    return this.#keepAliveMs - (now - (this.#host.dials ? this.lastAnswerAt : this.lastHeardAt));
  }

  /** A second of silence is enough where somebody's request hangs on it: bytes wait for their ack, or were coming just now. */
  #isUrgent(unackedSince: number | undefined): boolean {
    if (this.#transport?.watchesItself) return false;
    return unackedSince !== undefined || (this.#wasBusy && this.#host.hasExchanges());
  }

  #lookIn(ms: number): void {
    const { clock } = this.#host;
    this.#watchTimer?.cancel();
    this.#lookAt = clock.now() + ms;
    this.#watchTimer = clock.setTimer(() => this.#look(), ms);
  }

  #look(): void {
    const now = this.#host.clock.now();
    const transport = this.#transport;
    const since = this.#host.unackedSince();
    const patience = this.#patience(maxAckStallMs);
    // Half-way the peer is asked, for its own timers may sleep (a hidden tab's do) while it answers messages.
    if (since !== undefined && now - since >= patience && this.lastHeardAt > since) return this.#host.onDead('stalled');
    const stalls = since !== undefined && now - since >= patience / 2;
    const isSilent = !transport?.watchesItself && !this.#replyTimer && this.#leftMs(now, since) <= 0;
    // Later than this timer can be: it did not run, nor did anything else here.
    if (isSilent && this.#quietLeftMs(now) <= -this.#patience(this.#replyTimeoutMs)) this.doubt();
    else if (stalls || isSilent) this.#ask(this.#isUrgent(since) ? quietMs : 0);
    // Asking may have replaced the transport: the new one is watched already.
    if (transport && transport === this.#transport) this.#watch();
  }

  #ask(waitedMs: number): void {
    this.wanted = true;
    this.#wasBusy = false;
    // Before it goes: where nothing can leave either, no answer will come.
    this.#awaitReply(waitedMs);
    this.#host.onAsk();
  }

  #patience(ms: number): number {
    return Math.max(ms, 4 * (this.#host.roundTripMs() ?? 0));
  }
}
