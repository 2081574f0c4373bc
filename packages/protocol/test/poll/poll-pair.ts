import { bytesOf, type WrittenBody } from '../../src/http1/index.js';
import {
  createPollPath,
  decodePollRequest,
  encodePollAnswer,
  PollAcceptor,
  type PollAnswer,
  type PollOutcome,
  type PollRequest,
  PollRequester,
  type PollRequesterOptions,
} from '../../src/poll/index.js';
import type { SessionOptions } from '../../src/session/index.js';
import { SessionPair } from '../session/session-pair.js';
import { ByteBody } from '../sim/byte-body.js';

/**
 * What becomes of an HTTP request: `unsent` and `unanswered` fail at once, before or after it arrived; `lost` and
 * `swallowed` do so without a word; of a `cut` answer no message comes; `kept` is the test's to deliver.
 */
export type Fate = 'pass' | 'unsent' | 'unanswered' | 'lost' | 'swallowed' | 'too-large' | 'cut' | 'kept';

/** One HTTP request. */
export interface Call {
  readonly path: 'poll' | 'post';
  readonly request: PollRequest;
  readonly bytes: number;
  readonly at: number;
  answer: PollAnswer | undefined;
  answeredAt: number | undefined;
  over: boolean;
  /** Arrives (once more), and its answer goes back. */
  arrive(): void;
  finish(outcome: PollOutcome): void;
  moved(bytes: number): void;
}

/** A gateway's session and a connector's over the two ends of polling, on a manual clock. */
export class PollPair extends SessionPair {
  readonly calls: Call[] = [];
  readonly path = createPollPath();
  /** Decides over each request. Default: all pass. */
  fate: (call: Call) => Fate = () => 'pass';
  requester!: PollRequester;
  acceptor!: PollAcceptor;

  /** @param proves Whether the connector asks for an answer to its first poll, as it should; else that one waits. */
  constructor(options: Partial<SessionOptions> = {}, proves = false) {
    super({ dials: false, ...options }, { dials: proves });
  }

  /** Both ends attach where the other stands. */
  poll(options: Partial<PollRequesterOptions> = {}): void {
    const { clock } = this;
    this.acceptor = new PollAcceptor({ clock, roundTripMs: () => this.a.roundTripMs });
    this.requester = new PollRequester({
      session: 'n.s',
      attach: 1,
      clock,
      defer: clock.defer,
      path: this.path,
      post: (path, body, done, moved) => this.#post(path, body, done, moved),
      ...options,
    });
    const { receivedOffset } = this.a;
    this.a.attach(this.acceptor, this.b.receivedOffset);
    this.b.attach(this.requester, receivedOffset);
    clock.settle();
  }

  get polls(): Call[] {
    return this.calls.filter(({ path }) => path === 'poll');
  }

  get posts(): Call[] {
    return this.calls.filter(({ path }) => path === 'post');
  }

  get waiting(): Call[] {
    return this.calls.filter(({ over }) => !over);
  }

  /** A request whose answer is consumed as it comes. */
  override open(bodyBytes?: number): ReturnType<SessionPair['open']> {
    const opened = super.open(bodyBytes);
    opened.handler.stream = opened.stream;
    return opened;
  }

  /** The connector answers a request: so many bytes of a body. */
  respond(index: number, bytes: number, body: ByteBody = new ByteBody(-1)): void {
    const { stream } = this.accepted[index]!;
    stream.sendHead(Buffer.from('ok'), bytes === 0);
    if (bytes === 0) return;
    body.add(bytes);
    body.finish();
    stream.sendBody(body);
  }

  #post(
    path: 'poll' | 'post',
    content: WrittenBody,
    done: (outcome: PollOutcome) => void,
    moved: (bytes: number) => void,
  ): () => void {
    const { clock } = this;
    const body = bytesOf(content);
    const call: Call = {
      path,
      request: decodePollRequest(body)!,
      bytes: body.length,
      at: clock.now(),
      answer: undefined,
      answeredAt: undefined,
      over: false,
      arrive: () => this.#arrive(call, body.slice(), fate),
      finish(outcome) {
        if (call.over) return;
        call.over = true;
        done(outcome);
      },
      moved,
    };
    this.calls.push(call);
    const fate = this.fate(call);
    this.#send(call, fate);
    return () => {
      call.over = true;
    };
  }

  #send(call: Call, fate: Fate): void {
    const outcome: PollOutcome = fate === 'too-large' ? { kind: fate } : { kind: 'failed', detail: 'reset' };
    if (fate === 'unsent' || fate === 'too-large') this.clock.defer(() => call.finish(outcome));
    else if (fate !== 'lost' && fate !== 'kept') this.#later(() => call.arrive());
  }

  #arrive(call: Call, body: Uint8Array, fate: Fate): void {
    this.acceptor.receive(decodePollRequest(body)!, {
      answer: (answer) => {
        const bytes = encodePollAnswer(answer);
        call.answer ??= answer;
        call.answeredAt ??= this.clock.now();
        if (fate === 'swallowed') return;
        if (fate === 'unanswered') return this.#later(() => call.finish({ kind: 'failed', detail: 'reset' }));
        // A hop that does not count is content with what came: kind and number.
        const body = fate === 'cut' ? bytes.subarray(0, 2) : bytes;
        this.#later(() => call.finish({ kind: 'answer', body }));
      },
      refuse: () => {
        throw new Error('our own connector asks too often');
      },
    });
  }

  #later(fn: () => void): void {
    if (this.delayMs > 0) this.clock.setTimer(fn, this.delayMs);
    else this.clock.defer(fn);
  }
}
