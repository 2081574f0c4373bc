import { ReverseHttpError, resetCodeOf, type SessionCode, sessionCodes } from '../errors/index.js';
import { Mux } from '../mux/index.js';
import {
  defaultMaxUnackedBytes,
  type MessageHeader,
  MessageKind,
  maxUnackedControlBytes,
  PipeReceiver,
  PipeSender,
  pipeSenderLimits,
  readMessageHeader,
  replyFlag,
} from '../pipe/index.js';
import { AckDelay } from './ack-delay.js';
import type { Timer } from './clock.js';
import { decodeGoodbye, encodeControl, type Goodbye } from './control-message.js';
import { Liveness } from './liveness.js';
import type { SessionOptions, SessionState } from './session-options.js';
import type { Transport, TransportHandler } from './transport.js';

/** An ack goes alone once this many bytes wait for it. */
const maxUnackedReceived = 64 * 1024;
/**
 * This many things to send leave at once, not at the turn's end: else, with many visitors, gateway and connector take
 * turns with one batch of all requests, and each idles while the other works (46,000 against 55,000 requests a second).
 */
const eagerPending = 16;
/** A session whose bytes stalled on this many transports, without progress between, is over. */
const maxStalls = 3;
/** Timers do not take more than 2^31 ms; nobody waits longer than a day for a lost connector. */
const longestResumeMs = 86_400_000;

/**
 * One connector's logical link to one gateway: two byte streams and the exchanges on them. Lives on when the transport
 * that carries it dies, until {@link SessionOptions.resumeMs} have passed without another one.
 */
export class Session {
  readonly id: string;
  readonly mux: Mux;
  /** How often a lost transport was replaced: a move from one that lives is not counted. */
  resumes = 0;
  readonly #options: SessionOptions;
  readonly #sender: PipeSender;
  readonly #receiver: PipeReceiver;
  readonly #liveness: Liveness;
  readonly #header: MessageHeader = { offset: 0, ack: 0, reply: false, payloadStart: 0 };
  readonly #runDeferred: () => void = () => {
    this.#flushDeferred = false;
    this.#flush();
  };
  #state: SessionState;
  #transport: Transport | undefined;
  #wasAttached = false;
  /** Spares a look at the state for every message. */
  #peerIsHeard = false;
  #detachedMs = 0;
  #flushDeferred = false;
  #flushing = false;
  #pending = 0;
  #ackedTo = 0;
  /** A message must go even if it has no bytes: an answer was asked for, or an ack is due. */
  #messageOwed = false;
  readonly #ackDelay: AckDelay;
  #resumeTimer: Timer | undefined;
  #stalls = 0;
  #stalledAt = -1;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.id = options.id;
    const { clock } = options;
    this.#ackDelay = new AckDelay(clock, () => {
      if (this.#receiver.next > this.#ackedTo) this.#oweMessage();
    });
    this.#state = { state: 'detached', since: clock.now() };
    this.mux = new Mux({
      opener: options.opener,
      onPending: (isMuch) => this.#onPending(isMuch),
      now: () => clock.now(),
      roundTripMs: () => this.#sender.minRoundTripMs,
      ackedOffset: () => this.#sender.acked,
      random: options.random,
      ...(options.onStream ? { onStream: options.onStream } : {}),
      ...(options.onGoAway ? { onGoAway: options.onGoAway } : {}),
      ...(options.onIdle ? { onIdle: options.onIdle } : {}),
      ...(options.maxStreams === undefined ? {} : { maxStreams: options.maxStreams }),
      ...(options.windows ? { windows: options.windows } : {}),
      ...(options.streamPool ? { streamPool: options.streamPool } : {}),
    });
    this.#sender = new PipeSender(this.mux, options.slab, pipeSenderLimits(options.peerMaxUnackedBytes));
    this.#receiver = new PipeReceiver((bytes) => this.mux.receive(bytes), {
      maxHeldBytes: (options.maxUnackedBytes ?? defaultMaxUnackedBytes) + maxUnackedControlBytes,
      ...(options.reorderBudget ? { budget: options.reorderBudget } : {}),
    });
    this.#liveness = new Liveness({
      clock,
      keepAliveMs: options.keepAliveMs,
      dials: options.dials ?? true,
      roundTripMs: () => this.#sender.minRoundTripMs,
      unackedSince: () => (this.#sender.unackedBytes > 0 ? this.#sender.progressAt : undefined),
      onAsk: () => this.#flush(),
      hasExchanges: () => this.mux.size > 0,
      onOverdue: () => this.#setPeer('suspect'),
      onDead: (why) => this.#onDead(why),
    });
    this.#startResumeTimer();
  }

  get state(): SessionState {
    return this.#state;
  }

  /** How long the link was down in all, ms: what waits for the peer need not count that. */
  get detachedMs(): number {
    const state = this.#state;
    return this.#detachedMs + (state.state === 'detached' ? this.#options.clock.now() - state.since : 0);
  }

  /** What was processed of the peer's stream: told when a transport is replaced. */
  get receivedOffset(): number {
    return this.#receiver.next;
  }

  /** Bytes of both streams that their receivers have processed: it grows while exchanges come on. */
  get processedBytes(): number {
    return this.#receiver.next + this.#sender.acked;
  }

  /** Whether a peer that has processed our stream up to `peerOffset` can go on: not above what was sent, not closed. */
  canResume(peerOffset: number): boolean {
    return this.#state.state !== 'closed' && peerOffset <= this.#sender.next;
  }

  /** Smallest round trip seen, ms. */
  get roundTripMs(): number | undefined {
    return this.#sender.minRoundTripMs;
  }

  /** Milliseconds of the clock at which the peer was heard last. */
  get lastHeardAt(): number {
    return this.#liveness.lastHeardAt;
  }

  /** ... and at which a round trip of this end's ended last: the peer said what was no question of its own. */
  get lastRoundTripAt(): number {
    return this.#liveness.lastAnswerAt;
  }

  /** Whether the peer is overdue: a new request had better go elsewhere. */
  get suspect(): boolean {
    return this.#state.state === 'attached' && this.#state.peer === 'suspect';
  }

  /** Bytes sent and not acked, bytes held out of order, and bytes of memory that wait for acks: for metrics and tests. */
  get load(): { readonly unackedBytes: number; readonly heldBytes: number; readonly pinnedBytes: number } {
    const { unackedBytes, pinnedBytes } = this.#sender;
    return { unackedBytes, heldBytes: this.#receiver.heldBytes, pinnedBytes };
  }

  /**
   * Goes on over `transport`, from what the peer has; the transport before it is closed.
   *
   * @param peerOffset What the peer has processed of our stream: 0 in a new session.
   * @throws ReverseHttpError `gone` for an offset above what was sent, or when the session is closed.
   */
  attach(transport: Transport, peerOffset: number): void {
    if (this.#state.state === 'closed') throw new ReverseHttpError('gone', 'the session is closed');
    this.#sender.attach(peerOffset, this.#options.clock.now());
    const old = this.#transport;
    this.#detachedMs = this.detachedMs;
    if (this.#wasAttached && !old) this.resumes++;
    this.#wasAttached = true;
    this.#leaveTransport();
    old?.close();
    this.#transport = transport;
    this.#resumeTimer?.cancel();
    transport.handler = {
      onMessage: (bytes) => this.#onMessage(bytes),
      onWritable: () => this.#flush(),
      onClosed: () => this.#detach(transport),
      onLost: (offset) => {
        this.#sender.rewind(offset);
        this.#deferFlush();
      },
      onSuspect: () => this.#setPeer(transport.suspect ? 'suspect' : 'heard'),
      takeAck: () => {
        this.#ackedTo = this.#receiver.next;
        this.#messageOwed = false;
        return this.#sender.ackMessage(this.#receiver.next, false);
      },
      processed: () => this.#receiver.next,
    };
    this.#liveness.start(transport);
    // The first message proves the transport to the peer, whatever there is to say; its answer proves it to this end.
    const dials = this.#options.dials ?? true;
    this.#liveness.wanted = dials;
    this.#peerIsHeard = !dials;
    this.#setState({ state: 'attached', transport, peer: dials ? 'unheard' : 'heard' });
    this.#flush();
  }

  /** Asks the peer for a sign of life; `onHeard` is called at the next one, if there is any. */
  probe(onHeard: () => void): void {
    this.#liveness.probe(onHeard);
  }

  /** This end slept: the peer is suspect until it is heard, or the transport is left at once where nobody can be asked. */
  doubt(): void {
    this.#liveness.doubt();
  }

  /** The present transport is of no use any more: closes it and waits for another one. */
  detach(): void {
    const transport = this.#transport;
    if (!transport) return;
    this.#detach(transport);
    transport.close();
  }

  /** Ends the session: says why, ends every exchange, closes the transport. Idempotent. */
  close(code: SessionCode, message: string = sessionCodes[code].message): void {
    this.#flush();
    if (this.#state.state === 'closed') return;
    try {
      this.#transport?.send(encodeControl(MessageKind.Close, { code, message }));
    } catch {
      // The transport broke first: the peer learns by its next hello that the session is gone.
    }
    this.#end({ code, message });
  }

  #onMessage(bytes: Uint8Array): void {
    const now = this.#options.clock.now();
    const first = bytes[0];
    // What comes first by a transport comes because of what this end said there; later on, a question proves one way only.
    const isQuestion = first === question && (this.#peerIsHeard || this.suspect);
    const isAnswer = this.#liveness.heard(now, isQuestion);
    if (isAnswer && !this.#peerIsHeard && !this.#transport?.suspect) this.#setPeer('heard');
    try {
      if (first === MessageKind.Data || first === question) this.#onData(bytes, now);
      else if (first === MessageKind.Close) this.#end(decodeGoodbye(bytes));
      else if (!isHandshake(first)) throw new ReverseHttpError('protocol-error', 'unexpected message');
    } catch (error) {
      const broken =
        error instanceof ReverseHttpError && (error.code === 'protocol-error' || error.code === 'flow-control');
      this.close(broken ? (error.code as SessionCode) : 'closed', broken ? error.message : ownFault);
      if (!broken) throw error;
    }
  }

  #setPeer(peer: 'heard' | 'suspect'): void {
    const state = this.#state;
    if (state.state !== 'attached') return;
    this.#peerIsHeard = peer === 'heard';
    if (state.peer !== peer) this.#setState({ ...state, peer });
  }

  #onData(bytes: Uint8Array, now: number): void {
    const header = this.#header;
    if (!readMessageHeader(bytes, header)) throw new ReverseHttpError('protocol-error', 'bad message header');
    const { offset, ack, reply, payloadStart } = header;
    const wasBlocked = this.#sender.blocked;
    if (ack > this.#sender.acked) this.#sender.onAck(ack, now, this.#transport?.hasLeft);
    if (payloadStart < bytes.length) {
      this.#receiver.receive(offset, bytes.subarray(payloadStart));
      this.#liveness.received(now);
    }
    if (!this.#transport) return; // A handler closed or detached the session.
    if (reply) this.#messageOwed = true;
    const owed = this.#receiver.next - this.#ackedTo;
    if (reply || owed >= maxUnackedReceived || (wasBlocked && !this.#sender.blocked)) this.#deferFlush();
    else if (owed > 0) this.#ackDelay.begin(now);
  }

  #oweMessage(): void {
    this.#messageOwed = true;
    this.#deferFlush();
  }

  /**
   * Something is there to pull. It waits for the turn's end, but not when much has come together: the peer may work on
   * the first while this end reads the rest, and what a body lies in need not be kept (705 against 790 MB/s up).
   */
  #onPending(isMuch: boolean): void {
    if ((++this.#pending < eagerPending && !isMuch) || this.#flushing) return this.#deferFlush();
    this.#flush();
  }

  #deferFlush(): void {
    if (this.#flushDeferred) return;
    this.#flushDeferred = true;
    this.#options.defer(this.#runDeferred);
  }

  #flush(): void {
    const transport = this.#transport;
    if (!transport?.writable) return;
    if (this.#flushing) return this.#deferFlush(); // From within a pull: the present one goes first.
    this.#flushing = true;
    this.#pending = 0;
    try {
      this.#flushBytes(transport);
      if (transport === this.#transport && transport.writable) this.#flushAck(transport);
      transport.flush?.();
    } catch (error) {
      const broken = error instanceof ReverseHttpError && error.code === 'protocol-error';
      this.#end(broken ? { code: 'protocol-error', message: error.message } : { code: 'closed', message: ownFault });
      if (!broken) throw error;
    } finally {
      this.#flushing = false;
    }
  }

  #flushBytes(transport: Transport): void {
    const now = this.#options.clock.now();
    while (transport === this.#transport && transport.writable) {
      // An answer never asks, or two ends would answer each other for ever.
      const ask = !this.#messageOwed && this.#liveness.asks(now);
      const message = this.#sender.nextMessage(transport.maxMessageBytes, this.#receiver.next, ask, now);
      if (!message) return;
      if (transport === this.#transport) {
        this.#send(transport, message, ask);
        this.#liveness.sent(now);
      } else this.#sender.rewind(0); // A source that was read replaced the transport.
    }
  }

  #flushAck(transport: Transport): void {
    const isDue = this.#messageOwed || this.#receiver.next - this.#ackedTo >= maxUnackedReceived;
    if (isDue) this.#send(transport, this.#sender.ackMessage(this.#receiver.next, false), false);
    if (transport === this.#transport && transport.writable && this.#liveness.wanted) {
      this.#send(transport, this.#sender.ackMessage(this.#receiver.next, true), true);
    }
  }

  #send(transport: Transport, message: Uint8Array, ask: boolean): void {
    this.#ackedTo = this.#receiver.next;
    this.#messageOwed = false;
    if (ask) this.#liveness.asked();
    try {
      transport.send(message);
    } catch {
      // A transport that throws is a lost one, like one that closes.
      if (transport === this.#transport) this.detach();
    }
  }

  /** Closes a transport that is silent, or on which bytes are never acked; the link dials another one. */
  #onDead(why: 'silent' | 'stalled'): void {
    if (why === 'stalled') {
      const { acked } = this.#sender;
      this.#stalls = this.#stalledAt === acked ? this.#stalls + 1 : 1;
      this.#stalledAt = acked;
      if (this.#stalls === maxStalls) return this.close('timeout');
    }
    this.detach();
  }

  #detach(transport: Transport): void {
    if (transport !== this.#transport) return;
    // A link that died without a word was down for as long as nobody was heard.
    if (this.suspect) this.#detachedMs += this.#options.clock.now() - this.lastRoundTripAt;
    this.#leaveTransport();
    this.#sender.compact();
    this.#startResumeTimer();
    this.#setState({ state: 'detached', since: this.#options.clock.now() });
  }

  #startResumeTimer(): void {
    const wait = Math.min(this.#options.resumeMs, longestResumeMs);
    const reason: Goodbye = { code: 'timeout', message: sessionCodes.timeout.message };
    this.#resumeTimer = this.#options.clock.setTimer(() => this.#end(reason), wait);
  }

  #leaveTransport(): void {
    if (this.#transport) this.#transport.handler = ignoringHandler;
    this.#transport = undefined;
    this.#liveness.stop();
    this.#ackDelay.stop();
    this.#messageOwed = false;
  }

  #end(reason: Goodbye): void {
    if (this.#state.state === 'closed') return;
    const transport = this.#transport;
    this.#leaveTransport();
    this.#resumeTimer?.cancel();
    this.#state = { state: 'closed', reason };
    this.mux.abort(resetCodeOf('connector-lost'), reason.message);
    this.#receiver.clear();
    transport?.close();
    this.#options.onStateChanged?.(this.#state);
  }

  #setState(state: SessionState): void {
    this.#state = state;
    this.#options.onStateChanged?.(state);
  }
}

/** First byte of a message that asks for an answer. */
const question = MessageKind.Data | replyFlag;

/** A handler or source threw in the middle of a frame: what stands around it is lost, so the streams cannot go on. */
const ownFault = 'An exchange failed in the code of this end.';

const ignoringHandler: TransportHandler = { onMessage() {}, onWritable() {}, onClosed() {} };

/** A repeat of what opened the transport: whatever carries messages may send it twice, and late. */
function isHandshake(first: number | undefined): boolean {
  return first === MessageKind.Hello || first === MessageKind.Welcome || first === MessageKind.Refuse;
}
