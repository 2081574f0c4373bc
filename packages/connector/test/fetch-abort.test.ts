import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { FetchFunction, UpgradedStream } from '../src/handler/fetch-handler.js';
import { createFetchPair, type MemoryPair } from './harness/memory-pair.js';
import { TestBody, type TestVisit } from './harness/visitor.js';

let pair: MemoryPair;
afterEach(() => pair.close());
const serve = (handler: FetchFunction): MemoryPair => {
  pair = createFetchPair(handler);
  return pair;
};
const settle = async (): Promise<void> => {
  for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
};
const gone = { code: 'visitor-gone' };

describe('a visitor that leaves', () => {
  it('aborts the signal, whatever the handler waits for; that is no failure', async () => {
    const reasons: unknown[] = [];
    const waits: FetchFunction[] = [
      (_request, { signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      async (request) => sleep(60_000, { body: 'late' }, { signal: request.signal }),
      async (request) => ({ body: await request.text() }),
      async (request) => ({ body: (await request.body?.getReader().read())?.value ?? null }),
      async (request) => ({ body: String(await request.trailers) }),
    ];
    for (const wait of waits) {
      serve(async (request, context) => {
        try {
          expect(context.signal).toBe(request.signal);
          return await wait(request, context);
        } catch (error) {
          reasons.push(context.signal.reason);
          throw error;
        }
      });
      const answer = pair.visit({ method: 'POST', body: new TestBody() });
      await settle();
      expect(pair.acceptor.active).toBe(1);
      answer.exchange.abort('visitor-gone');
      await settle();
      expect([pair.acceptor.active, pair.failures]).toEqual([0, []]);
      pair.close();
    }
    expect(reasons).toEqual(waits.map(() => expect.objectContaining(gone)));
  });

  it('leaves a signal that is asked for later aborted, and a late answer alone', async () => {
    let finish: (answer: Response) => void = () => {};
    let aborted: unknown;
    let cancelled: unknown;
    serve(async (_request, context) => {
      const answer = await new Promise<Response>((resolve) => {
        finish = resolve;
      });
      aborted = context.signal.reason;
      return answer;
    });
    const answer = pair.visit();
    await settle();
    answer.exchange.abort('visitor-gone');
    await settle();
    finish(
      new Response(
        new ReadableStream({
          cancel(reason) {
            cancelled = reason;
          },
        }),
      ),
    );
    await settle();
    expect([aborted, cancelled, pair.failures]).toEqual([expect.objectContaining(gone), aborted, []]);
  });

  it.each(['stream', 'iterable'])('cancels the body under way: %s', async (kind) => {
    let ended: unknown;
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(10_000)),
      cancel(reason) {
        ended = reason;
      },
    });
    const iterable = (async function* () {
      try {
        for (;;) yield new Uint8Array(10_000);
      } finally {
        ended = gone;
      }
    })();
    const answer = serve(() => ({ body: kind === 'stream' ? stream : iterable })).visit({ reads: false });
    await answer.until(({ received }: TestVisit) => received > 0);
    expect(ended).toBe(undefined);
    answer.exchange.abort('visitor-gone');
    await settle();
    expect(ended).toMatchObject(gone);
    expect([pair.acceptor.active, pair.failures]).toEqual([0, []]);
  });

  it('does not hide what fails for other reasons', async () => {
    serve(async (_request, { signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw new Error('of its own');
    });
    const answer = pair.visit();
    await settle();
    answer.exchange.abort('visitor-gone');
    await settle();
    expect(pair.failures).toEqual([new Error('of its own')]);
  });

  it('that got its answer aborts nothing', async () => {
    let signal: AbortSignal | undefined;
    serve((_request, context) => {
      signal = context.signal;
      return new Response('done');
    });
    await pair.visit().done();
    pair.close();
    await settle();
    expect(signal?.aborted).toBe(false);
  });
});

describe('a session that ends', () => {
  it('aborts what runs', async () => {
    let reason: unknown;
    serve(
      (_request, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reason = signal.reason;
            reject(signal.reason);
          });
        }),
    );
    pair.visit();
    await settle();
    pair.connector.close('gone');
    await settle();
    expect(reason).toMatchObject({ code: 'connector-lost' });
    expect([pair.acceptor.active, pair.failures]).toEqual([0, []]);
  });

  it('is survived by what runs when only its transport was cut', async () => {
    let finish: (answer: Response) => void = () => {};
    serve(() => new Promise<Response>((resolve) => (finish = resolve)));
    const answer = pair.visit();
    await settle();
    pair.cut();
    finish(new Response('after all'));
    await settle();
    pair.relink();
    expect((await answer.done()).text).toBe('after all');
  });
});

describe('early hints', () => {
  it.each([
    ['a link', '</a.css>; rel=preload', [['Link', '</a.css>; rel=preload']]],
    [
      'links',
      ['</a>; rel=preload', '</b>; rel=preload'],
      [
        ['Link', '</a>; rel=preload'],
        ['Link', '</b>; rel=preload'],
      ],
    ],
    [
      'fields',
      { Link: '</a>', 'X-A': 'b' },
      [
        ['Link', '</a>'],
        ['X-A', 'b'],
      ],
    ],
    ['pairs', [['Link', '</a>']] as [string, string][], [['Link', '</a>']]],
  ])('leave before the answer: %s', async (_name, hints, expected) => {
    serve(async (_request, { sendEarlyHints }) => {
      sendEarlyHints(hints);
      await settle();
      return { body: 'x' };
    });
    const answer = pair.visit();
    await answer.until(({ interims }: TestVisit) => interims.length > 0);
    expect([answer.interims[0]?.status, answer.interims[0]?.raw, answer.head]).toEqual([103, expected, undefined]);
    expect((await answer.done()).text).toBe('x');
  });

  it('that are none are not sent, nor any once the answer has begun', async () => {
    let later: (link: string) => void = () => {};
    serve((_request, { sendEarlyHints }) => {
      later = sendEarlyHints;
      sendEarlyHints([]);
      expect(() => sendEarlyHints('a\r\nb')).toThrow(/value of Link/);
      return new Response(new ReadableStream());
    });
    const answer = pair.visit();
    await answer.until(({ head }: TestVisit) => head !== undefined);
    later('</a>');
    await settle();
    expect([answer.interims, pair.failures]).toEqual([[], []]);
  });
});

describe('an upgrade', () => {
  const asking = [['Upgrade', 'echo/1, other']] as const;
  const upgraded = async (handler: (stream: UpgradedStream) => unknown, body: TestBody): Promise<TestVisit> => {
    serve((_request, { upgrade }) => {
      const stream = upgrade({ headers: { 'X-A': 'b', Connection: 'Upgrade' } });
      handler(stream);
      return stream;
    });
    const answer = pair.visit({ fields: asking, body });
    return answer.until((visit) => visit.upgraded);
  };

  it('gives the bytes both ways, each end for itself', async () => {
    const body = new TestBody();
    const answer = await upgraded(({ readable, writable }) => readable.pipeTo(writable), body);
    expect([answer.head?.status, answer.head?.raw]).toEqual([
      101,
      [
        ['Upgrade', 'echo/1'],
        ['X-A', 'b'],
      ],
    ]);
    for (const text of ['one', 'two', 'three'.repeat(100_000)]) {
      const before = answer.received;
      body.push(text);
      await answer.until(({ received }) => received === before + text.length);
    }
    expect(pair.acceptor.active).toBe(1);
    body.end();
    await answer.done();
    expect([answer.failure, answer.text.slice(0, 6), pair.acceptor.active]).toEqual([undefined, 'onetwo', 0]);
  });

  it('holds the writer back while the visitor does not read', async () => {
    let written = 0;
    serve(async (_request, { upgrade }) => {
      const stream = upgrade();
      const writer = stream.writable.getWriter();
      for (; written < 1024; written += 16) await writer.write(new Uint8Array(16 * 1024));
      await writer.close();
      return stream;
    });
    const answer = pair.visit({ fields: asking, body: new TestBody().end(), reads: false });
    await settle();
    expect(written).toBeLessThanOrEqual(64 + 64);
    answer.reads = true;
    answer.read();
    await answer.done();
    expect([answer.received, pair.acceptor.active, pair.failures]).toEqual([1024 * 1024, 0, []]);
  });

  it('ends both streams with an error when the visitor has left', async () => {
    let reading: Promise<unknown> | undefined;
    let closed: Promise<unknown> | undefined;
    const answer = await upgraded(({ readable, writable }) => {
      reading = readable.getReader().read();
      closed = writable.getWriter().closed;
      closed.catch(() => {});
    }, new TestBody());
    answer.exchange.abort('visitor-gone');
    await expect(reading).rejects.toMatchObject(gone);
    await expect(closed).rejects.toMatchObject(gone);
    expect([pair.acceptor.active, pair.failures]).toEqual([0, []]);
  });

  it('is broken off by the handler that aborts it', async () => {
    let stream: UpgradedStream | undefined;
    const answer = await upgraded((given) => {
      stream = given;
    }, new TestBody());
    await stream?.writable.abort(new Error('enough'));
    await answer.done();
    expect([answer.failure?.reason, pair.acceptor.active]).toEqual(['connector-lost', 0]);
  });

  it('is broken off by a handler that fails after it', async () => {
    serve(async (_request, { upgrade }) => {
      upgrade();
      await settle();
      throw new Error('after all');
    });
    const answer = await pair.visit({ fields: asking, body: new TestBody() }).done();
    expect([answer.failure?.reason, String(pair.failures[0])]).toEqual(['handler-failed', 'Error: after all']);
    expect(pair.acceptor.active).toBe(0);
  });

  it('that is not made use of is an ordinary request', async () => {
    serve((request) => ({ body: `${request.headers.get('upgrade')} ${request.body}` }));
    const answer = pair.visit({ fields: asking, body: new TestBody() });
    await answer.until(({ stopped }: TestVisit) => stopped);
    expect([answer.text, pair.acceptor.active]).toEqual(['echo/1, other null', 0]);
  });

  it('is refused where nobody asked for one, or twice, or to what is no protocol', async () => {
    const codes: unknown[] = [];
    const attempt = (step: () => unknown): void => {
      try {
        step();
      } catch (error) {
        codes.push((error as { code: unknown }).code);
      }
    };
    serve((_request, { upgrade }) => {
      attempt(() => upgrade({ protocol: 'a\r\nb: c' }));
      attempt(() => upgrade());
      attempt(() => upgrade());
      return { body: 'x' };
    });
    const plain = await pair.visit().done();
    expect([plain.text, codes.splice(0)]).toEqual(['x', Array(3).fill('upgrade-failed')]);
    const asked = pair.visit({ fields: asking, body: new TestBody() });
    await asked.until((visit) => visit.upgraded);
    expect(codes).toEqual(Array(2).fill('upgrade-failed'));
  });
});
