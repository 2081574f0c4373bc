import type { Reason } from '@reverse-http/protocol/errors';
import { type AnswerHandler, OpenedExchange } from '@reverse-http/protocol/exchange';
import { fieldName, fieldValue, Head, latin1Bytes, scanTrailers } from '@reverse-http/protocol/http1';
import type { ByteSource, Mux } from '@reverse-http/protocol/mux';

export interface AnswerHeadView {
  readonly status: number;
  readonly minorVersion: number;
  readonly raw: readonly (readonly [string, string])[];
  get(name: string): string | undefined;
}

/** A body that a test writes piece by piece. */
export class TestBody implements ByteSource {
  trailers: Uint8Array | undefined;
  taken = 0;
  #pieces: Uint8Array[] = [];
  #ended = false;
  onPush: () => void = () => {};

  get ended(): boolean {
    return this.#ended && this.#pieces.length === 0;
  }

  get length(): number {
    return this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  push(piece: string | Uint8Array): this {
    this.#pieces.push(typeof piece === 'string' ? Buffer.from(piece) : piece);
    this.onPush();
    return this;
  }

  end(trailers?: string): this {
    this.#ended = true;
    if (trailers !== undefined) this.trailers = latin1Bytes(trailers);
    this.onPush();
    return this;
  }

  read(into: Uint8Array, at: number, end: number): number {
    const piece = this.#pieces[0];
    if (!piece) return 0;
    const length = Math.min(piece.length, end - at);
    into.set(piece.subarray(0, length), at);
    if (length === piece.length) this.#pieces.shift();
    else this.#pieces[0] = piece.subarray(length);
    this.taken += length;
    return length;
  }
}

export interface VisitOptions {
  readonly method?: string;
  readonly path?: string;
  readonly fields?: readonly (readonly [string, string])[];
  readonly metadata?: readonly string[];
  readonly body?: TestBody;
  /** Whether body bytes are read as they come. Default true. */
  readonly reads?: boolean;
}

/** One request as the gateway would send it, and what comes back. */
export class TestVisit implements AnswerHandler {
  readonly interims: AnswerHeadView[] = [];
  head: AnswerHeadView | undefined;
  upgraded = false;
  ended = false;
  stopped = false;
  failure: { reason: Reason; detail: string } | undefined;
  trailers: (readonly [string, string])[] | undefined;
  received = 0;
  reads: boolean;
  readonly pieces: Buffer[] = [];
  exchange!: OpenedExchange;
  #unread = 0;
  #watchers: (() => void)[] = [];

  constructor(options: VisitOptions) {
    this.reads = options.reads ?? true;
  }

  get body(): Buffer {
    return Buffer.concat(this.pieces);
  }

  get text(): string {
    return this.body.toString();
  }

  /** Resolves once `test` holds; it is tried whenever something came. */
  until(test: (visit: this) => boolean): Promise<this> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (test(this)) resolve(this);
        else this.#watchers.push(look);
      };
      look();
    });
  }

  /** The whole answer, or its failure. */
  done(): Promise<this> {
    return this.until(() => this.ended || this.failure !== undefined);
  }

  /** Gives credit for all that came and was not read. */
  read(): void {
    this.exchange.consumed(this.#unread);
    this.#unread = 0;
  }

  onInterim(head: Head): void {
    this.interims.push(viewOf(head));
    this.#changed();
  }

  onAnswer(head: Head, ended: boolean): void {
    this.head = viewOf(head);
    this.ended = ended;
    this.#changed();
  }

  onUpgrade(head: Head): void {
    this.head = viewOf(head);
    this.upgraded = true;
    this.#changed();
  }

  onBody(bytes: Uint8Array): void {
    this.received += bytes.length;
    this.pieces.push(Buffer.from(bytes));
    this.#unread += bytes.length;
    if (this.reads) this.read();
    this.#changed();
  }

  onEnd(trailers: Uint8Array | undefined): void {
    this.ended = true;
    if (trailers) {
      const head = new Head();
      scanTrailers(head, trailers, 0, trailers.length, { maxHeadBytes: 65536, maxTargetBytes: 0, maxFields: 100 });
      this.trailers = [...viewOf(head).raw];
    }
    this.#changed();
  }

  onStopReading(): void {
    this.stopped = true;
    this.#changed();
  }

  onFailed(reason: Reason, detail: string): void {
    this.failure = { reason, detail };
    this.#changed();
  }

  #changed(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const look of watchers) look();
  }
}

/** Opens an exchange on the gateway's side of a session. */
export function visit(mux: Mux, options: VisitOptions = {}): TestVisit {
  const {
    method = 'GET',
    path = '/',
    fields = [],
    metadata = ['target A', 'peer 203.0.113.7 51234', 'scheme http'],
  } = options;
  const result = new TestVisit(options);
  const isHead = method === 'HEAD';
  const upgrade = fields.some(([name]) => name.toLowerCase() === 'upgrade');
  const asks = method === 'CONNECT' ? 'tunnel' : upgrade ? 'upgrade' : undefined;
  const exchange = OpenedExchange.open(mux, { isHead, asks }, result, new Head());
  if (!exchange) throw new Error('the mux is full');
  result.exchange = exchange;
  const all = fields.some(([name]) => name.toLowerCase() === 'host') ? fields : [['Host', 'a.example'], ...fields];
  const lines = [...metadata.map((line) => `:${line}`), ...all.map(([name, value]) => `${name}: ${value}`)];
  const head = `${method} ${path} HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
  exchange.send(latin1Bytes(head), options.body);
  if (options.body) options.body.onPush = () => exchange.wake();
  return result;
}

function viewOf(head: Head): AnswerHeadView {
  const raw = Array.from({ length: head.count }, (_, i) => [fieldName(head, i), fieldValue(head, i)] as const);
  const get = (name: string): string | undefined =>
    raw.find(([field]) => field.toLowerCase() === name.toLowerCase())?.[1];
  return { status: head.status, minorVersion: head.minorVersion, raw, get };
}
