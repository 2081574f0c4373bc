import type { Reason } from '@reverse-http/protocol/errors';
import { defaultHeadLimits, Head, latin1Bytes, scanResponseHead } from '@reverse-http/protocol/http1';
import type { ByteSink } from '@reverse-http/protocol/mux';
import { createHttp1Front } from '../../src/front/http1/front.js';
import type { Http1FrontOptions } from '../../src/front/http1/front-options.js';
import type { Visit, VisitOutcome } from '../../src/visit/visit.js';
import { type RawVisitor, visit } from './raw-visitor.js';

/** A front that serves visits as a test says. */
export interface TestFront {
  readonly url: string;
  /** All visits so far, and all requests that were refused. */
  readonly visits: readonly Visit[];
  readonly refused: readonly Visit[];
  /** How visits and refusals ended, in the order in which they did. */
  readonly outcomes: readonly VisitOutcome[];
  /** The next visit that nobody has asked for yet. */
  next(): Promise<Visit>;
  connect(request?: string, answersEnd?: boolean): Promise<RawVisitor>;
  drain(graceMs: number): Promise<void>;
  /** Ends everything. */
  close(): Promise<void>;
}

/** @param onVisit Serves a visit at once; without it the test does, see {@link TestFront.next}. */
export async function startFront(
  onVisit?: (visit: Visit, index: number) => void,
  options: Http1FrontOptions = {},
): Promise<TestFront> {
  const visits: Visit[] = [];
  const refused: Visit[] = [];
  const outcomes: VisitOutcome[] = [];
  const visitors: RawVisitor[] = [];
  const asking: ((visit: Visit) => void)[] = [];
  let asked = 0;
  const observe = (visit: Visit): void => {
    visit.onEnded = (outcome) => void outcomes.push(outcome);
  };
  const front = createHttp1Front(options, {
    nextId: () => `id-${visits.length}`,
    onVisit(visit) {
      observe(visit);
      visits.push(visit);
      onVisit?.(visit, visits.length - 1);
      asking.shift()?.(visit);
    },
    onRefused(visit) {
      observe(visit);
      refused.push(visit);
    },
  });
  const { port } = await front.listen();
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    visits,
    refused,
    outcomes,
    next() {
      asked++;
      const there = visits[asked - 1];
      return there ? Promise.resolve(there) : new Promise((resolve) => void asking.push(resolve));
    },
    async connect(request, answersEnd) {
      const visitor = await visit(url, request, answersEnd);
      visitors.push(visitor);
      return visitor;
    },
    drain: (graceMs) => front.drain(graceMs),
    async close() {
      await front.drain(0);
      for (const { socket } of visitors) socket.destroy();
    },
  };
}

/** A head as it would come from a connector. */
export function scanAnswer(text: string): Head {
  const head = new Head();
  const bytes = latin1Bytes(text.endsWith('\r\n\r\n') ? text : `${text}\r\n\r\n`);
  const result = scanResponseHead(head, bytes, 0, bytes.length, defaultHeadLimits);
  if (result !== 'complete') throw new Error(`${result}: ${head.detail}`);
  return head;
}

/** Answers 200 with a length. */
export function answerText(visit: Visit, text: string): void {
  const sink = visit.respond(scanAnswer(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}`), '', text === '');
  if (text === '') return;
  sink.write(latin1Bytes(text));
  sink.end();
}

/** Starts a chunked answer. */
export function answerStream(visit: Visit): ByteSink {
  return visit.respond(scanAnswer('HTTP/1.1 200 OK'), '', false);
}

/** What came of a request's body. */
export interface ReadBody {
  readonly body: string;
  readonly trailers: string | undefined;
  /** Why it was not whole. */
  readonly aborted: Reason | undefined;
}

/** Reads a visit's body to its end, or to its abort. */
export function readBody(visit: Visit): Promise<ReadBody> {
  return new Promise((resolve) => {
    const { body } = visit;
    if (!body) return resolve({ body: '', trailers: undefined, aborted: undefined });
    const into = new Uint8Array(1000);
    let text = '';
    const text1 = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('latin1');
    const read = (): void => {
      for (let n = body.read(into, 0, into.length); n > 0; n = body.read(into, 0, into.length)) {
        text += Buffer.from(into.subarray(0, n)).toString('latin1');
      }
      if (body.ended) resolve({ body: text, trailers: text1(body.trailers), aborted: undefined });
    };
    visit.handler = {
      onBodyReadable: read,
      onAborted: (reason) => resolve({ body: text, trailers: undefined, aborted: reason }),
    };
    read();
  });
}

/** Resolves when the visitor of a visit left. */
export function whenAborted(visit: Visit): Promise<Reason> {
  return new Promise((resolve) => {
    visit.handler = { onBodyReadable() {}, onAborted: (reason) => resolve(reason) };
  });
}
