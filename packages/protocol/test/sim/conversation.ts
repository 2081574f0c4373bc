import {
  type AcceptedExchange,
  type AnswerHandler,
  OpenedExchange,
  type RequestHandler,
} from '@reverse-http/protocol/exchange';
import { type Head, latin1, latin1Bytes } from '@reverse-http/protocol/http1';
import type { Mux } from '@reverse-http/protocol/mux';
import { ByteBody, bodyByte } from './byte-body.js';
import type { Random } from './random.js';
import { assertThat } from './simulation-failure.js';
import type { Statistics } from './statistics.js';

/** Longest body, bytes. */
const mostBytes = 400_000;

/** What is going to be said; fixed from the start, so it is the model that everything is compared with. */
interface Plan {
  readonly upgrade: boolean;
  readonly requestBytes: number;
  readonly answerBytes: number;
  readonly lengths: boolean;
  readonly interims: readonly number[];
  readonly requestTrailers: string | undefined;
  readonly answerTrailers: string | undefined;
  readonly stopsReading: boolean;
}

function choosePlan(random: Random, tag: number): Plan {
  const upgrade = random.chance(0.1);
  const trailers = (side: string) => (!upgrade && random.chance(0.2) ? `X: ${side} ${tag}\r\n\r\n` : undefined);
  return {
    upgrade,
    requestBytes: upgrade || random.chance(0.5) ? random.size(mostBytes) : 0,
    answerBytes: random.size(mostBytes),
    lengths: !upgrade && random.chance(0.5),
    interims: Array.from({ length: random.chance(0.2) ? random.below(6) : 0 }, () => random.size(56_000)),
    requestTrailers: trailers('request'),
    answerTrailers: trailers('answer'),
    stopsReading: !upgrade && random.chance(0.1),
  };
}

/** One side's receiving: what came, what of it was not consumed yet, how it ended. */
class Receiving {
  received = 0;
  unread = 0;
  end: 'none' | 'whole' | 'failed' | 'aborted' = 'none';
  readonly #tag: number;
  readonly #total: number;

  constructor(tag: number, total: number) {
    this.#tag = tag;
    this.#total = total;
  }

  take(bytes: Uint8Array): void {
    assertThat(this.end === 'none', `bytes after the end of body ${this.#tag}`);
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] !== bodyByte(this.#tag, this.received + i)) {
        assertThat(false, `body ${this.#tag} has a wrong byte at ${this.received + i}`);
      }
    }
    this.received += bytes.length;
    this.unread += bytes.length;
    assertThat(this.received <= this.#total, `body ${this.#tag} is longer than what was sent`);
  }

  finish(trailers: Uint8Array | undefined, expected: string | undefined): void {
    assertThat(this.end === 'none', `body ${this.#tag} ends twice`);
    assertThat(this.received === this.#total, `body ${this.#tag} ends at ${this.received} of ${this.#total}`);
    const text = trailers && latin1(trailers, 0, trailers.length);
    assertThat(text === expected, `body ${this.#tag} has trailers ${text}, not ${expected}`);
    this.end = 'whole';
  }
}

/** One exchange: both ends, what they say, and what each must hear. */
export class Conversation {
  readonly tag: number;
  readonly random: Random;
  readonly statistics: Statistics;
  readonly plan: Plan;
  readonly answer: Receiving;
  readonly request: Receiving;
  /** Why it may fail. */
  sessionLost = false;
  openerAborted = false;
  acceptorAborted = false;
  refused = false;
  requested = false;
  #opened: OpenedExchange | undefined;
  #accepted: AcceptedExchange | undefined;
  readonly #requestBody: ByteBody;
  readonly #answerBody: ByteBody;
  #requestLeft: number;
  #answerLeft: number;
  /** A side was told that the session is lost; whether it is, is known later. */
  #heardLost = false;
  #heardStop = false;
  #interimsSent = 0;
  #interimsHeard = 0;
  #interimCredit = 0;
  #headSent = false;
  #headHeard = false;
  #requestDone = false;
  #answerDone = false;

  constructor(tag: number, random: Random, statistics: Statistics) {
    this.tag = tag;
    this.random = random;
    this.statistics = statistics;
    const plan = choosePlan(random, tag);
    this.plan = plan;
    this.#requestBody = new ByteBody(2 * tag);
    this.#answerBody = new ByteBody(2 * tag + 1);
    this.#requestLeft = plan.requestBytes;
    this.#answerLeft = plan.answerBytes;
    this.request = new Receiving(2 * tag, plan.requestBytes);
    this.answer = new Receiving(2 * tag + 1, plan.answerBytes);
  }

  /** Opens it; false when the mux has no room. */
  open(mux: Mux, scratch: Head): boolean {
    const { plan } = this;
    const request = { isHead: false, asks: plan.upgrade ? ('upgrade' as const) : undefined };
    this.#opened = OpenedExchange.open(mux, request, this.#answerHandler(), scratch);
    if (!this.#opened) return false;
    const hasBody = plan.upgrade || plan.requestBytes > 0 || plan.requestTrailers !== undefined;
    const extra = plan.upgrade
      ? 'Upgrade: x\r\n'
      : plan.lengths && hasBody
        ? `Content-Length: ${plan.requestBytes}\r\n`
        : '';
    const head = `POST /${this.tag} HTTP/1.1\r\n:target A\r\nHost: a\r\n${extra}\r\n`;
    this.#opened.send(latin1Bytes(head), hasBody ? this.#requestBody : undefined);
    this.#requestDone = !hasBody;
    return true;
  }

  /** The acceptor got it: what it is to hear from now on. */
  accept(exchange: AcceptedExchange): RequestHandler {
    this.#accepted = exchange;
    return this.#requestHandler();
  }

  get delivered(): string {
    return this.#opened?.delivered ?? 'no';
  }

  /** Bytes that came and were not consumed, at both ends. */
  get unread(): number {
    return this.answer.unread + this.request.unread + this.#interimCredit;
  }

  get openerOver(): boolean {
    return this.answer.end !== 'none';
  }

  get acceptorOver(): boolean {
    return !this.requested || this.request.end === 'failed' || (this.request.end !== 'none' && this.#answerDone);
  }

  /** The opener has more to send: some of it, or all. */
  writeRequest(all: boolean): void {
    if (this.#requestDone || this.openerAborted || this.answer.end === 'failed') return;
    if (this.plan.upgrade && !this.#headHeard) return;
    this.#requestLeft = this.#write(this.#requestBody, this.#requestLeft, all);
    if (this.#requestLeft === 0 && (all || this.random.chance(0.5))) {
      this.#requestDone = true;
      this.#requestBody.finish(bytesOf(this.plan.requestTrailers));
    }
    this.#opened!.wake();
  }

  /** The acceptor says what comes next: an interim head, the head, some of the body, the end. */
  writeAnswer(all: boolean): void {
    const { plan } = this;
    const exchange = this.#accepted;
    if (!this.requested || this.#answerDone || !exchange || this.request.end === 'failed' || this.acceptorAborted)
      return;
    if (this.#interimsSent < plan.interims.length) exchange.sendInterim(this.#interim(this.#interimsSent++));
    else if (!this.#headSent) this.#sendHead(exchange);
    else {
      this.#answerLeft = this.#write(this.#answerBody, this.#answerLeft, all);
      if (this.#answerLeft === 0 && (all || this.random.chance(0.5))) {
        this.#answerDone = true;
        this.#answerBody.finish(bytesOf(plan.answerTrailers));
      }
      exchange.wake();
    }
    if (all && !this.#answerDone) this.writeAnswer(true);
  }

  /** Both ends consume some of what came, or all. */
  read(all: boolean): void {
    for (const side of [this.answer, this.request]) {
      const bytes = all ? side.unread : this.random.below(side.unread + 1);
      side.unread -= bytes;
      if (bytes > 0) (side === this.answer ? this.#opened : this.#accepted)!.consumed(bytes);
    }
    if (this.#interimCredit > 0) {
      this.#opened!.consumed(this.#interimCredit);
      this.#interimCredit = 0;
    }
  }

  abort(): void {
    if (this.random.chance(0.5)) {
      if (this.openerOver) return;
      this.openerAborted = true;
      this.answer.end = 'aborted';
      this.#opened!.abort('visitor-gone');
      this.#requestDone = true;
    } else if (this.requested && !this.acceptorOver) {
      this.acceptorAborted = true;
      this.request.end = 'failed';
      this.#accepted!.abort('handler-failed', 'it threw');
    }
  }

  /** After everything came to rest. */
  verify(): void {
    const { tag, answer, request } = this;
    const excuse = this.sessionLost || this.openerAborted || this.acceptorAborted || this.refused;
    assertThat(this.openerOver, `exchange ${tag}: the opener never heard its end (${this.toString()})`);
    assertThat(this.acceptorOver, `exchange ${tag}: the acceptor never heard its end (${this.toString()})`);
    assertThat(this.delivered !== 'no' || !this.requested, `exchange ${tag} was handled, but counts as not delivered`);
    assertThat(!this.#heardLost || this.sessionLost, `exchange ${tag}: the session is not lost`);
    const stops = this.plan.stopsReading || this.acceptorAborted || this.sessionLost;
    assertThat(!this.#heardStop || stops, `exchange ${tag}: its reading stopped without a reason`);
    if (answer.end === 'failed') assertThat(excuse, `exchange ${tag} failed without a reason`);
    if (excuse) {
      if (this.refused) this.statistics.refused++;
      else this.statistics.failed++;
      return;
    }
    assertThat(answer.end === 'whole', `exchange ${tag}: the answer ended ${answer.end}`);
    assertThat(this.#interimsHeard === this.plan.interims.length, `exchange ${tag}: interim heads are missing`);
    const whole = request.end === 'whole' || this.plan.stopsReading;
    assertThat(whole, `exchange ${tag}: the request ended ${request.end}`);
    this.statistics.finished++;
    this.statistics.bytes += answer.received + request.received;
  }

  #write(body: ByteBody, left: number, all: boolean): number {
    const bytes = all ? left : Math.min(left, this.random.size(left + 5) + this.random.below(3000));
    body.add(bytes);
    return left - bytes;
  }

  #interim(index: number): Uint8Array {
    return latin1Bytes(
      `HTTP/1.1 103 Early Hints\r\nX: ${this.tag}.${index}\r\nP: ${'p'.repeat(this.plan.interims[index]!)}\r\n\r\n`,
    );
  }

  #sendHead(exchange: AcceptedExchange): void {
    const { plan } = this;
    this.#headSent = true;
    const ended = !plan.upgrade && plan.answerBytes === 0 && plan.answerTrailers === undefined;
    const status = plan.upgrade ? '101 Switching Protocols\r\nUpgrade: x' : '200 OK';
    const length = plan.lengths ? `Content-Length: ${plan.answerBytes}\r\n` : '';
    exchange.sendHead(latin1Bytes(`HTTP/1.1 ${status}\r\nX: ${this.tag}\r\n${length}\r\n`), ended);
    if (ended) this.#answerDone = true;
    else exchange.sendBody(this.#answerBody);
    if (plan.stopsReading) {
      exchange.stopReading();
      if (this.request.end === 'none') this.request.end = 'aborted';
    }
  }

  #answerHandler(): AnswerHandler {
    const { answer, plan } = this;
    return {
      onInterim: (head) => {
        const expected = this.#interim(this.#interimsHeard++);
        const same = latin1(head.bytes, 0, head.end) === latin1(expected, 0, expected.length);
        assertThat(same, `exchange ${this.tag}: a wrong interim head`);
        if (this.random.chance(0.5)) return true;
        this.#interimCredit += head.end;
        return false;
      },
      onAnswer: (head, ended) => {
        this.#onHead(head);
        assertThat(!plan.upgrade, `exchange ${this.tag}: no upgrade`);
        if (ended) answer.finish(undefined, plan.answerTrailers);
      },
      onUpgrade: (head) => {
        this.#onHead(head);
        assertThat(plan.upgrade, `exchange ${this.tag}: an upgrade`);
      },
      onBody: (bytes) => answer.take(bytes),
      onEnd: (trailers) => answer.finish(trailers, plan.answerTrailers),
      onStopReading: () => {
        this.#heardStop = true;
        this.#requestDone = true;
      },
      onFailed: (reason) => {
        assertThat(answer.end === 'none', `exchange ${this.tag} fails after its end`);
        answer.end = 'failed';
        this.#requestDone = true;
        if (reason === 'connector-lost') this.#heardLost = true;
        this.refused = reason === 'overloaded' || reason === 'draining';
        if (this.refused) assertThat(this.delivered === 'no', `exchange ${this.tag}: refused, but not undelivered`);
      },
    };
  }

  #onHead(head: Head): void {
    assertThat(!this.#headHeard, `exchange ${this.tag}: two heads`);
    this.#headHeard = true;
    assertThat(
      latin1(head.bytes, 0, head.end).includes(`\r\nX: ${this.tag}\r\n`),
      `exchange ${this.tag}: another's head`,
    );
  }

  #requestHandler(): RequestHandler {
    const { request, plan } = this;
    return {
      onRequest: (_head, ended) => {
        assertThat(!this.requested, `request ${this.tag} came twice`);
        this.requested = true;
        if (ended) request.finish(undefined, plan.requestTrailers);
      },
      onBody: (bytes) => request.take(bytes),
      onEnd: (trailers) => request.finish(trailers, plan.requestTrailers),
      onAborted: (reason) => {
        assertThat(request.end !== 'failed', `request ${this.tag} is aborted twice`);
        request.end = 'failed';
        if (reason === 'connector-lost') this.#heardLost = true;
        else assertThat(this.openerAborted, `request ${this.tag} is aborted without a reason`);
      },
    };
  }

  toString(): string {
    const parts = [`exchange ${this.tag}: answer ${this.answer.received}/${this.plan.answerBytes} ${this.answer.end}`];
    parts.push(`request ${this.request.received}/${this.plan.requestBytes} ${this.request.end}`);
    parts.push(`requested ${this.requested}, head ${this.#headSent}/${this.#headHeard}, delivered ${this.delivered}`);
    parts.push(
      `done ${this.#requestDone}/${this.#answerDone}, waiting ${this.#requestBody.waiting}/${this.#answerBody.waiting}`,
    );
    return parts.join('; ');
  }
}

function bytesOf(text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : latin1Bytes(text);
}
