import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { bytesOf, createComparison, eventsOf, type Plan, piecesOf } from './plan.js';
import type { Problem } from './problem.js';
import { visitWebSocket } from './visit-web-socket.js';

/** A visitor that never gets its answer does not wait longer, ms. */
const patienceMs = 60_000;

/** Somebody with one connection. */
export class Visitor {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1, noDelay: true });
  readonly #url: string;
  readonly #pool: Buffer;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param url Where the target is, with a `/` at the end. @param address Whom the gateway takes it for. */
  constructor(url: string, address: string, pool: Buffer) {
    this.#headers = { 'X-Forwarded-For': address };
    this.#url = url;
    this.#pool = pool;
  }

  /** Makes an exchange; the result is what was wrong. */
  async visit(number: number, plan: Plan): Promise<Problem | undefined> {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(new Error('nothing for too long')), patienceMs);
    const url = new URL(`x/${number}`, this.#url);
    try {
      if (plan.kind === 'websocket') return await visitWebSocket(url, this.#headers, this.#pool, plan, patience.signal);
      return await this.#ask(url, number, plan, patience.signal);
    } catch (error) {
      return { kind: 'lost', saw: String(error) };
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #ask(url: URL, number: number, plan: Plan, signal: AbortSignal): Promise<Problem | undefined> {
    const { up } = plan;
    const framing = up.isChunked ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': up.bytes };
    const asking = request(url, {
      agent: this.#agent,
      method: plan.kind === 'post' ? 'POST' : 'GET',
      headers: plan.kind === 'post' ? { ...this.#headers, ...framing } : this.#headers,
      signal,
    });
    asking.on('error', () => {});
    const answered = once(asking, 'response');
    const sent = this.#send(asking, plan);
    const [answer]: [IncomingMessage] = (await answered) as [IncomingMessage];
    await sent;
    return this.#judge(answer, number, plan);
  }

  async #send(asking: NodeJS.WritableStream, { up }: Plan): Promise<void> {
    for (const piece of piecesOf(this.#pool, up)) {
      asking.write(piece);
      if (up.isPieced) await setImmediate();
    }
    asking.end();
  }

  async #judge(answer: IncomingMessage, number: number, plan: Plan): Promise<Problem | undefined> {
    const pool = this.#pool;
    const expected = plan.kind === 'events' ? Buffer.from(eventsOf(pool, plan).join('')) : bytesOf(pool, plan.down);
    const came = createComparison(expected);
    const { statusCode, headers } = answer;
    const saw = (): string =>
      `${statusCode} ${headers['proxy-status'] ?? ''} number ${headers['x-number']}, request: ${headers['x-up']}, answer: ${came.verdict}`;
    try {
      for await (const piece of answer) came.add(piece);
    } catch (error) {
      return { kind: came.isCorrupted ? 'corrupted' : 'lost', saw: `${saw()}, then ${error}` };
    }
    if (headers['proxy-status'] !== undefined) return { kind: 'lost', saw: saw() };
    const isRight =
      statusCode === plan.status &&
      headers['x-number'] === `${number}` &&
      headers['x-up'] === 'ok' &&
      came.verdict === 'ok';
    return isRight ? undefined : { kind: 'corrupted', saw: saw() };
  }
}
