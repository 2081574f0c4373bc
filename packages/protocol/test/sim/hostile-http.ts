import type { PollOutcome } from '@reverse-http/protocol/poll';
import type { ManualClock } from '@reverse-http/protocol/session';
import type { Random } from './random.js';
import type { Statistics } from './statistics.js';

/** What hops do to HTTP requests and their answers. Chances are of each. */
export interface HttpFaults {
  /** The request, or its answer, does not arrive; told to the client, or (silently) not. */
  readonly loseRequest: number;
  readonly loseAnswer: number;
  readonly silent: number;
  /** A hop sends the request a second time, at once or much later; the client gets the answer to either. */
  readonly double: number;
  /** A body ends early, and nobody notices. */
  readonly truncate: number;
  /** Longest delay of each way, ms: requests overtake each other. */
  readonly delayMs: number;
  /** Larger bodies are refused: those of requests with 413 (or by a failure), those of answers by a failure. */
  readonly maxRequestBytes: number;
  readonly maxAnswerBytes: number;
  readonly tells413: boolean;
  /** A request that was not answered by then is cut, ms. */
  readonly patienceMs: number;
  /** Connections at a time: what is more waits for one. */
  readonly connections: number;
}

/** Hops that lose nothing; that some are doubled, harmless as it is, they do not know. */
export const healedHttpFaults: HttpFaults = {
  loseRequest: 0,
  loseAnswer: 0,
  silent: 0,
  double: 0.1,
  truncate: 0,
  delayMs: 5,
  maxRequestBytes: Number.POSITIVE_INFINITY,
  maxAnswerBytes: Number.POSITIVE_INFINITY,
  tells413: true,
  patienceMs: Number.POSITIVE_INFINITY,
  connections: Number.POSITIVE_INFINITY,
};

/** Chooses hops: decent ones that lose now and then, and bad ones. */
export function chooseHttpFaults(random: Random): HttpFaults {
  const bad = random.chance(0.7) ? 0.1 : 0.01;
  const limit = () => (random.chance(0.3) ? random.pick([20, 64, 300])! * 1024 : Number.POSITIVE_INFINITY);
  return {
    loseRequest: random.next() * bad,
    loseAnswer: random.next() * bad,
    silent: random.chance(0.5) ? random.next() : 0,
    double: random.next() * bad,
    truncate: random.next() * bad,
    delayMs: random.chance(0.1) ? 500 : 20,
    maxRequestBytes: limit(),
    maxAnswerBytes: limit(),
    tells413: random.chance(0.5),
    patienceMs: random.chance(0.2) ? 1000 + random.below(20_000) : Number.POSITIVE_INFINITY,
    connections: random.pick([3, 6, Number.POSITIVE_INFINITY])!,
  };
}

/** Answers a request, now or later. */
export type HttpServer = (path: string, body: Uint8Array, answer: (body: Uint8Array) => void) => void;

interface Call {
  readonly path: string;
  readonly body: Uint8Array;
  readonly finish: (outcome: PollOutcome) => void;
  over: boolean;
}

/** HTTP in memory, through hops that lose, double, delay, cut off and refuse. */
export class HostileHttp {
  /** Nothing goes through any more: requests fail, or nobody ever hears of them. */
  state: 'open' | 'refusing' | 'silent' = 'open';
  readonly #clock: ManualClock;
  readonly #random: Random;
  readonly #statistics: Statistics;
  readonly #server: HttpServer;
  readonly #calls = new Set<Call>();
  readonly #queue: Call[] = [];
  #faults: HttpFaults;
  #connections = 0;

  constructor(clock: ManualClock, random: Random, statistics: Statistics, faults: HttpFaults, server: HttpServer) {
    this.#clock = clock;
    this.#random = random;
    this.#statistics = statistics;
    this.#faults = faults;
    this.#server = server;
  }

  readonly post = (path: string, body: Uint8Array, done: (outcome: PollOutcome) => void): (() => void) => {
    this.#statistics.messages++;
    const finish = (outcome: PollOutcome): void => {
      if (call.over) return;
      end();
      done(outcome);
    };
    const end = (): void => {
      call.over = true;
      if (!this.#calls.delete(call)) return;
      this.#connections--;
      this.#startQueued();
    };
    const call: Call = { path, body: body.slice(), finish, over: false };
    this.#queue.push(call);
    this.#clock.defer(() => this.#startQueued());
    return end;
  };

  /** The way is gone; what is on it is lost. */
  cut(isTold: boolean): void {
    this.state = isTold ? 'refusing' : 'silent';
    if (isTold) for (const call of [...this.#calls, ...this.#queue.splice(0)]) this.#fail(call, 'cut');
  }

  heal(): void {
    this.#faults = { ...healedHttpFaults, connections: this.#faults.connections };
    this.#startQueued();
  }

  #startQueued(): void {
    while (this.#connections < this.#faults.connections) {
      const call = this.#queue.shift();
      if (!call) return;
      if (call.over) continue;
      this.#connections++;
      this.#calls.add(call);
      this.#start(call);
    }
  }

  #start(call: Call): void {
    const { loseRequest, double, maxRequestBytes, tells413, patienceMs } = this.#faults;
    const random = this.#random;
    if (this.state === 'refusing') return this.#fail(call, 'refused');
    if (call.body.length > maxRequestBytes) return this.#refuse(call, tells413);
    if (patienceMs < Number.POSITIVE_INFINITY) this.#clock.setTimer(() => this.#fail(call, 'timed out'), patienceMs);
    if (random.chance(loseRequest)) return this.#lose(call);
    this.#arrive(call, random.next() * this.#faults.delayMs);
    if (!random.chance(double)) return;
    this.#statistics.doubled++;
    this.#arrive(call, random.next() * random.pick([this.#faults.delayMs, 2000, 20_000])!);
  }

  /** The client may be gone, but what it sent is on its way. */
  #arrive(call: Call, delayMs: number): void {
    const body = this.#truncated(call.body);
    this.#clock.setTimer(() => {
      if (this.state === 'open') this.#server(call.path, body, (answer) => this.#answer(call, answer));
    }, delayMs);
  }

  #answer(call: Call, answer: Uint8Array): void {
    const { loseAnswer, maxAnswerBytes, delayMs } = this.#faults;
    if (this.#random.chance(loseAnswer)) return this.#lose(call);
    if (answer.length > maxAnswerBytes) return this.#fail(call, 'HTTP 502');
    const body = this.#truncated(answer);
    this.#clock.setTimer(() => {
      if (this.state === 'open') call.finish({ kind: 'answer', body });
    }, this.#random.next() * delayMs);
  }

  #truncated(body: Uint8Array): Uint8Array {
    if (!this.#random.chance(this.#faults.truncate)) return body;
    return body.subarray(0, this.#random.below(body.length));
  }

  #refuse(call: Call, tells413: boolean): void {
    this.#statistics.tooLarge++;
    if (tells413) this.#clock.defer(() => call.finish({ kind: 'too-large' }));
    else this.#fail(call, 'reset');
  }

  #lose(call: Call): void {
    this.#statistics.lost++;
    if (!this.#random.chance(this.#faults.silent)) this.#fail(call, 'reset');
  }

  #fail(call: Call, detail: string): void {
    this.#clock.defer(() => call.finish({ kind: 'failed', detail }));
  }
}
