import { createHash, randomBytes } from 'node:crypto';
import { Agent, type IncomingMessage, request } from 'node:http';
import { sleep } from './drill.js';

/** What came of one request. */
export interface Outcome {
  readonly id: string;
  /** Of `performance.now()`. */
  readonly from: number;
  readonly to: number;
  /**
   * good: what was asked for, to the byte. problem: an error of the gateway's. wrong: other bytes. broken: a beginning, and
   * visibly no more. cut: the connection went without an answer. unreachable: there was none to be had. silent: nothing for a minute.
   */
  readonly end: 'good' | 'problem' | 'wrong' | 'broken' | 'cut' | 'unreachable' | 'silent';
  readonly status: number;
  /** Reason and `delivered` of a problem. */
  readonly reason: string;
  readonly delivered: string;
  /** Process that answered. */
  readonly by: string;
}

/** Who asks, and for what. */
export interface LoadOptions {
  /** Public URL of the target of a visitor. */
  readonly url: (visitor: number) => string;
  readonly visitors: number;
  /** Longest pause between a visitor's requests, ms; half of it on average. */
  readonly pauseMs: number;
  /** Longest time that a handler takes, ms; half of it on average. */
  readonly handlerMs: number;
  /** Largest body of a request or answer. */
  readonly maxBytes?: number;
  readonly random: () => number;
  /** Hears of each in turn; else they are kept in {@link Load.outcomes}. */
  readonly onOutcome?: (outcome: Outcome) => void;
}

/** Visitors at work. */
export interface Load {
  readonly outcomes: readonly Outcome[];
  /** Lets what runs come to its end. */
  stop(): Promise<readonly Outcome[]>;
}

/** Visitors that ask again and again, half of them by GET, half by POST, each from an address of its own. */
export function startLoad(options: LoadOptions): Load {
  const { visitors, random, pauseMs } = options;
  const outcomes: Outcome[] = [];
  const onOutcome = options.onOutcome ?? ((outcome) => outcomes.push(outcome));
  let stopped = false;

  async function visitor(index: number): Promise<void> {
    const localAddress = `127.0.${1 + (index >> 7)}.${1 + (index & 127)}`;
    const agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress });
    await sleep(random() * pauseMs);
    while (!stopped) {
      const outcome = await visit(options, agent, index);
      onOutcome(outcome);
      // Somebody who was turned away looks around before they ask again.
      await sleep(outcome.end === 'good' ? random() * pauseMs : 50);
    }
    agent.destroy();
  }

  const all = Array.from({ length: visitors }, (_, index) => visitor(index));
  return {
    outcomes,
    async stop() {
      stopped = true;
      await Promise.all(all);
      return outcomes;
    },
  };
}

/** One request, of a kind and a size of chance. */
async function visit(options: LoadOptions, agent: Agent, index: number): Promise<Outcome> {
  const { random, handlerMs, maxBytes = 4096 } = options;
  const id = randomBytes(8).toString('hex');
  const bytes = Math.floor(random() * maxBytes);
  const body = random() < 0.5 ? randomBytes(bytes) : undefined;
  const ms = Math.floor(random() * handlerMs);
  const path = body ? `hash?ms=${ms}` : `answer?bytes=${bytes}&ms=${ms}`;
  const expected = body ? createHash('sha256').update(body).digest('hex') : Buffer.alloc(bytes, id).toString('latin1');
  const headers = { 'X-Id': id, ...(body ? { 'Content-Length': bytes } : {}) };
  const from = performance.now();
  const ended = (end: Outcome['end'], seen: Partial<Outcome> = {}): Outcome => ({
    ...{ id, from, to: performance.now(), end, status: 0, reason: '', delivered: '', by: '' },
    ...seen,
  });
  return new Promise((resolve) => {
    const url = `${options.url(index)}${path}`;
    const outgoing = request(url, { agent, method: body ? 'POST' : 'GET', headers, timeout: 60_000 });
    outgoing.on('timeout', () => {
      resolve(ended('silent'));
      outgoing.destroy();
    });
    outgoing.on('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(ended(code === 'ECONNREFUSED' ? 'unreachable' : 'cut')),
    );
    outgoing.on('response', (response) => resolve(readAnswer(response, expected, ended)));
    outgoing.end(body);
  });
}

async function readAnswer(
  response: IncomingMessage,
  expected: string,
  ended: (end: Outcome['end'], seen: Partial<Outcome>) => Outcome,
): Promise<Outcome> {
  const seen = { status: response.statusCode ?? 0, by: String(response.headers['x-served-by'] ?? '') };
  const pieces: Buffer[] = [];
  try {
    for await (const piece of response) pieces.push(piece as Buffer);
  } catch {
    return ended('broken', seen);
  }
  const text = Buffer.concat(pieces).toString('latin1');
  if (seen.status === 200) return ended(text === expected ? 'good' : 'wrong', seen);
  try {
    const { type, delivered } = JSON.parse(text);
    return ended('problem', { ...seen, reason: type.split('/').at(-1), delivered });
  } catch {
    return ended('wrong', seen);
  }
}
