import { bytesOf } from '@reverse-http/protocol/http1';
import { MessageKind } from '@reverse-http/protocol/pipe';
import {
  decodePollRequest,
  encodePollAnswer,
  PollAcceptor,
  type PollOutcome,
  type PollPath,
  type PollRequest,
  PollRequester,
} from '@reverse-http/protocol/poll';
import {
  decodeHello,
  decodeWelcome,
  encodeControl,
  type Goodbye,
  type ManualClock,
  type Session,
  type Transport,
  type TransportHandler,
} from '@reverse-http/protocol/session';
import { HostileHttp, type HttpFaults } from './hostile-http.js';
import type { SimLink } from './hostile-link.js';
import type { Random } from './random.js';
import { assertThat } from './simulation-failure.js';
import type { Statistics } from './statistics.js';

const deaf: TransportHandler = { onMessage() {}, onWritable() {}, onClosed() {} };

/** What a link by polling is made of. */
export interface PollLinkOptions {
  readonly clock: ManualClock;
  readonly random: Random;
  readonly statistics: Statistics;
  readonly faults: HttpFaults;
  readonly path: PollPath;
  /** The gateway's session, for its round trip and for its last word. */
  readonly session: Session;
}

/** Polling through bad hops: a hello by a POST of its own, then the real requester and the real acceptor. */
export class PollLink implements SimLink {
  readonly a: GatewayEnd;
  readonly b: ConnectorEnd;
  readonly #http: HostileHttp;
  readonly #random: Random;
  readonly #statistics: Statistics;

  constructor({ clock, random, statistics, faults, path, session }: PollLinkOptions) {
    this.#random = random;
    this.#statistics = statistics;
    this.a = new GatewayEnd(new PollAcceptor({ clock, roundTripMs: () => session.roundTripMs }), session);
    this.#http = new HostileHttp(clock, random, statistics, faults, this.a.serve);
    this.b = new ConnectorEnd(this.#http, clock, random, path);
  }

  cut(): void {
    if (this.#http.state !== 'open') return;
    this.#statistics.cuts++;
    const isTold = this.#random.chance(0.5);
    if (!isTold) this.#statistics.silent++;
    this.#http.cut(isTold);
  }

  heal(): void {
    this.#http.heal();
  }

  /** Hops do not stop one end only. */
  setWritable(): void {}
}

/** The gateway's endpoints for one transport. */
class GatewayEnd implements Transport {
  readonly name = 'poll';
  readonly watchesItself = true;
  readonly #acceptor: PollAcceptor;
  readonly #session: Session;
  #answerHello: ((answer: Uint8Array) => void) | undefined;
  #welcome: Uint8Array | undefined;
  #unanswered = 0;

  constructor(acceptor: PollAcceptor, session: Session) {
    this.#acceptor = acceptor;
    this.#session = session;
  }

  readonly serve = (path: string, body: Uint8Array, answer: (answer: Uint8Array) => void): void => {
    if (path === 'hello') return this.#serveHello(body, answer);
    const request = decodePollRequest(body);
    if (!request) return answer(new Uint8Array(0)); // HTTP 400: no answer of a gateway's.
    const { state } = this.#session;
    if (state.state !== 'closed') return this.#receive(request, answer);
    const messages = [encodeControl(MessageKind.Close, state.reason)];
    answer(encodePollAnswer({ counts: true, number: request.poll?.number ?? 0, messages }));
  };

  #receive(request: PollRequest, answer: (answer: Uint8Array) => void): void {
    let answered = false;
    this.#unanswered++;
    this.#acceptor.receive(request, {
      answer: (given) => {
        const bytes = encodePollAnswer(given);
        assertThat(!answered, 'a request is answered twice');
        assertThat(bytes.length <= (request.poll?.maxAnswerBytes ?? 64) + maxGoodbyeBytes, 'an answer is too long');
        answered = true;
        this.#unanswered--;
        answer(bytes);
      },
      refuse: () => assertThat(false, 'our own connector asks too often'),
    });
    assertThat(this.#unanswered <= 2, `${this.#unanswered} requests wait for an answer`);
  }

  get handler(): TransportHandler {
    return this.#acceptor.handler;
  }

  set handler(handler: TransportHandler) {
    this.#acceptor.handler = handler;
  }

  get maxMessageBytes(): number {
    return this.#acceptor.maxMessageBytes;
  }

  get writable(): boolean {
    return this.#acceptor.writable;
  }

  get suspect(): boolean {
    return this.#acceptor.suspect;
  }

  send(bytes: Uint8Array): void {
    if (!this.#answerHello) return this.#acceptor.send(bytes);
    this.#welcome = bytes;
    this.#answerHello(bytes);
    this.#answerHello = undefined;
  }

  flush(): void {
    this.#acceptor.flush();
  }

  close(): void {
    this.#acceptor.close();
  }

  #serveHello(body: Uint8Array, answer: (answer: Uint8Array) => void): void {
    // Cut short by a hop: JSON does not say what it would have said.
    if (!decodeHello(body)) return answer(encodeControl(MessageKind.Refuse, badHello));
    if (this.#welcome) return answer(this.#welcome);
    this.#answerHello = answer;
    this.handler.onMessage(body);
  }
}

/** An answer may carry a last word beyond what was asked for. */
const maxGoodbyeBytes = 200;

const badHello: Goodbye = { code: 'bad-hello', message: '' };

/** Says hello, and leaves the rest to the requester. */
class ConnectorEnd implements Transport {
  readonly name = 'poll';
  readonly watchesItself = true;
  readonly #http: HostileHttp;
  readonly #clock: ManualClock;
  readonly #random: Random;
  readonly #path: PollPath;
  #handler = deaf;
  #requester: PollRequester | undefined;
  #closed = false;
  readonly #outstanding = { poll: 0, post: 0 };
  /** Largest body that was allowed so far: what was cut for it may still be repeated. */
  #mostBytes = 0;

  constructor(http: HostileHttp, clock: ManualClock, random: Random, path: PollPath) {
    this.#http = http;
    this.#clock = clock;
    this.#random = random;
    this.#path = path;
  }

  get handler(): TransportHandler {
    return this.#handler;
  }

  set handler(handler: TransportHandler) {
    this.#handler = handler;
    if (this.#requester) this.#requester.handler = handler;
  }

  get maxMessageBytes(): number {
    return this.#requester!.maxMessageBytes;
  }

  get writable(): boolean {
    return this.#requester?.writable ?? false;
  }

  get suspect(): boolean {
    return this.#requester?.suspect ?? false;
  }

  send(bytes: Uint8Array): void {
    if (this.#requester) return this.#requester.send(bytes);
    if (bytes[0] !== MessageKind.Hello) return;
    const { attach } = decodeHello(bytes)!;
    this.#http.post('hello', bytes, (outcome) => {
      if (this.#closed) return;
      const answer = outcome.kind === 'answer' ? outcome.body : undefined;
      const isWelcome = answer?.[0] === MessageKind.Welcome && decodeWelcome(answer) !== undefined;
      if (isWelcome) this.#begin(attach);
      if (isWelcome || answer?.[0] === MessageKind.Refuse) this.#handler.onMessage(answer!);
      else this.close();
    });
  }

  flush(): void {
    this.#requester?.flush();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#requester) this.#requester.close();
    else this.#handler.onClosed('closed');
  }

  #post(path: 'poll' | 'post', body: Uint8Array, done: (outcome: PollOutcome) => void): () => void {
    const counts = this.#outstanding;
    let over = false;
    const end = (): void => {
      if (!over) counts[path]--;
      over = true;
    };
    counts[path]++;
    assertThat(counts.poll <= 2 && counts.post <= 4, `${counts.poll} polls and ${counts.post} posts at a time`);
    this.#mostBytes = Math.max(this.#mostBytes, this.#path.up.bytes);
    assertThat(body.length <= this.#mostBytes, `a body of ${body.length} bytes`);
    const giveUp = this.#http.post(path, body, (outcome) => {
      end();
      done(outcome);
    });
    return () => {
      end();
      giveUp();
    };
  }

  #begin(attach: number): void {
    this.#requester = new PollRequester({
      session: 'n.s',
      attach,
      clock: this.#clock,
      defer: this.#clock.defer,
      random: this.#random.next,
      path: this.#path,
      post: (path, body, done) => this.#post(path, bytesOf(body), done),
    });
    this.#requester.handler = this.#handler;
  }
}
