import { describe, expect, test } from 'vitest';
import { MessageKind, writeMessageHeader } from '../../src/pipe/index.js';
import { maxMessagesPerBody, PollAcceptor, type PollAnswer, type PollRequest } from '../../src/poll/index.js';
import { createManualClock, encodeControl } from '../../src/session/index.js';
import { Random } from '../sim/random.js';

/** A data message with so many bytes. */
function data(offset: number, ack: number, bytes = 0): Uint8Array {
  const message = new Uint8Array(17 + bytes);
  return message.subarray(writeMessageHeader(message, 17, offset, ack, false));
}

interface Terms {
  readonly lowest?: number;
  readonly ack?: number;
  readonly hold?: number;
  readonly most?: number;
}

/** An acceptor that is asked by hand. */
class Bench {
  readonly clock = createManualClock(1000);
  roundTripMs: number | undefined;
  readonly acceptor = new PollAcceptor({ clock: this.clock, roundTripMs: () => this.roundTripMs });
  readonly answers: string[] = [];
  readonly lost: number[] = [];
  received = 0;
  asked = 0;
  closed = 0;

  constructor() {
    this.acceptor.handler = {
      onMessage: () => this.received++,
      onWritable: () => this.asked++,
      onClosed: () => this.closed++,
      onLost: (offset) => this.lost.push(offset),
      takeAck: () => data(0, this.received),
    };
  }

  ask(request: Omit<PollRequest, 'session' | 'attach'>, name: string): void {
    const answer = ({ counts, number, messages }: PollAnswer): void => {
      this.answers.push(
        `${name}: ${counts ? number : `void ${number}`} ${messages.map((m) => m.length).join('+')}`.trim(),
      );
    };
    const refuse = (): void => void this.answers.push(`${name}: refused`);
    this.acceptor.receive({ session: 's', attach: 1, ...request }, { answer, refuse });
  }

  poll(
    number: number,
    { lowest = number, ack = 0, hold = 15_000, most = 65_536 }: Terms = {},
    name = `${number}`,
  ): void {
    this.ask({ poll: { number, lowest, maxAnswerBytes: most, holdMs: hold }, messages: [data(0, ack)] }, name);
  }

  post(...messages: Uint8Array[]): void {
    this.ask({ poll: undefined, messages }, 'post');
  }

  /** Something is there to send, from this offset on. */
  send(offset: number, bytes: number): void {
    this.acceptor.send(data(offset, 0, bytes));
    this.acceptor.flush();
  }

  take(): string[] {
    return this.answers.splice(0);
  }
}

describe('polls', () => {
  test('T6: the lowest that waits is answered, whichever came first', () => {
    const bench = new Bench();
    bench.poll(2, { lowest: 1 });
    bench.poll(1);
    bench.send(0, 100);
    bench.send(100, 200);
    expect(bench.take()).toEqual(['1: 1 103', '2: 2 204']);
    expect(bench.acceptor.writable).toBe(false);
  });

  test('what found no room in one answer is asked for at once when another poll waits', () => {
    const bench = new Bench();
    bench.poll(1, { most: 20_000 });
    bench.poll(2, { lowest: 1 });
    bench.asked = 0;
    bench.send(0, 100);
    expect(bench.asked).toBe(0);
    bench.poll(3, { lowest: 2, ack: 100, most: 20_000 });
    bench.asked = 0;
    bench.send(100, bench.acceptor.maxMessageBytes - 17);
    bench.send(70_000, 19_000);
    expect(bench.asked).toBe(1);
  });

  test('T6, T14: a poll before its time breaks the protocol', () => {
    for (const [number, lowest] of [
      [3, 1],
      [2, 3],
      [5, 5],
      [4, 2],
    ] as const) {
      const bench = new Bench();
      bench.poll(1);
      expect(() => bench.poll(number, { lowest })).toThrow(expect.objectContaining({ code: 'protocol-error' }));
    }
  });

  test('T6: a repeat of an answered poll rewinds to its own ack, a first-time one to what was lost before it', () => {
    const bench = new Bench();
    bench.poll(1);
    bench.send(0, 500);
    bench.poll(1, { ack: 40 });
    expect(bench.lost).toEqual([40]);
    bench.send(40, 460);
    bench.poll(2, { ack: 500 });
    bench.send(500, 500);
    bench.poll(3, { ack: 700 });
    expect(bench.lost).toEqual([40, 700]);
    bench.send(700, 300);
    bench.poll(4, { ack: 1000 });
    expect(bench.lost).toEqual([40, 700]);
  });

  test('T6: a poll that was overtaken says nothing about what came after it left', () => {
    const bench = new Bench();
    bench.poll(1);
    bench.send(0, 500);
    bench.poll(3, { lowest: 2, ack: 500 });
    bench.poll(2, { lowest: 1, ack: 0 });
    expect(bench.lost).toEqual([]);
  });

  test('T6: a repeat that is answered with bytes, beside another poll, has that one answered as well', () => {
    const bench = new Bench();
    bench.poll(1, { hold: 1000 });
    bench.poll(2, { lowest: 1 });
    bench.clock.advance(1000);
    bench.poll(1, { hold: 1000 }, 'twin');
    bench.send(0, 100);
    expect(bench.take()).toEqual(['1: 1 3', 'twin: 1 103', '2: 2 3']);
  });

  test("T8: the hold is the poll's wish, at most a minute", () => {
    const bench = new Bench();
    bench.poll(1, { hold: 3000 });
    bench.poll(2, { lowest: 1, hold: 1e15 });
    bench.clock.advance(2999);
    expect(bench.take()).toEqual([]);
    bench.clock.advance(1);
    expect(bench.take()).toEqual(['1: 1 3']);
    bench.clock.advance(57_000);
    expect(bench.take()).toEqual(['2: 2 3']);
  });

  test('T5: nothing larger than wanted is gathered; who wants less than a kilobyte gets that', () => {
    const bench = new Bench();
    bench.poll(1, { most: 1 });
    expect(bench.acceptor.maxMessageBytes).toBe(1000);
    bench.acceptor.send(data(0, 0, 980));
    expect(bench.acceptor.writable).toBe(false);
    bench.acceptor.flush();
    bench.poll(2, { most: Number.MAX_SAFE_INTEGER, ack: 980 });
    expect(bench.acceptor.maxMessageBytes).toBeLessThan(4 * 1024 * 1024);
    for (let i = 0; bench.acceptor.writable; i++) bench.acceptor.send(data(980 + i, 0, 1));
    bench.acceptor.flush();
    expect(bench.take().at(-1)!.split('+').length).toBe(maxMessagesPerBody - 2);
  });

  test('T15: the end answers what waits, the last word first', () => {
    const bench = new Bench();
    bench.poll(1);
    bench.poll(2, { lowest: 1 });
    bench.acceptor.send(encodeControl(MessageKind.Close, { code: 'draining', message: '' }));
    bench.acceptor.close();
    bench.acceptor.close();
    expect(bench.take()).toEqual(['1: 1 33', '2: void 0']);
    bench.poll(3);
    bench.post(data(0, 0));
    expect(bench.take()).toEqual(['3: void 0', 'post: void 0']);
    expect([bench.closed, bench.clock.pendingTimers]).toEqual([1, 0]);
  });
});

describe('T14: too much', () => {
  test('of polls that bring nothing is refused, and then ends the session; nothing is kept for them', () => {
    const bench = new Bench();
    let number = 0;
    for (let i = 0; i < 200; i++) {
      bench.poll(++number, { hold: 0 });
      bench.clock.advance(0);
    }
    expect(bench.take().length).toBe(200);
    bench.poll(++number, { hold: 0 }, 'one more');
    expect(bench.take()).toEqual(['one more: refused']);
    bench.clock.advance(1000);
    bench.poll(number, { hold: 0 }, 'the same, later');
    bench.clock.advance(0);
    expect(bench.take()).toEqual([`the same, later: ${number} 4`]);
    const flood = (): void => {
      for (let i = 0; i < 100; i++) bench.post(data(0, 0));
    };
    expect(flood).toThrow(expect.objectContaining({ code: 'protocol-error' }));
    bench.acceptor.close();
    expect(bench.clock.pendingTimers).toBe(0);
  });

  test('who comes again when it was told to is never ended, nor is a close refused', () => {
    const bench = new Bench();
    for (let i = 0; i < 200; i++) bench.post(data(0, 0));
    bench.take();
    for (let round = 0; round < 1000; round++) {
      bench.post(data(0, 0));
      if (bench.take()[0] === 'post: refused') bench.clock.advance(1000);
    }
    for (let i = 0; i < 50; i++) bench.post(data(0, 0));
    bench.acceptor.handler.onMessage = () => bench.acceptor.close();
    bench.take();
    bench.post(encodeControl(MessageKind.Close, { code: 'closed', message: '' }));
    expect(bench.take()).toEqual(['post: void 0']);
  });

  test('a twin a millisecond is no way around', () => {
    const bench = new Bench();
    const flood = (): void => {
      for (let i = 0; i < 1000; i++) {
        bench.poll(1, {}, 'twin');
        bench.clock.advance(1);
      }
    };
    expect(flood).toThrow(expect.objectContaining({ code: 'protocol-error' }));
    expect(bench.received).toBeLessThan(300);
  });

  test('the second poll of each round brings nothing new, and is not throttled while data moves', () => {
    const bench = new Bench();
    for (let i = 1; i < 5000; i += 2) {
      bench.poll(i, { ack: i });
      bench.poll(i + 1, { lowest: i, ack: i });
      bench.send(i, 2);
      bench.acceptor.send(data(0, 0));
      bench.acceptor.flush();
    }
    expect(bench.take().length).toBe(4999 + 1);
  });

  test('what brings bytes or acks is never throttled, nor are acks every 50 ms', () => {
    const bench = new Bench();
    for (let i = 0; i < 5000; i++) bench.post(data(i, 0, 1));
    for (let i = 1; i < 5000; i++) bench.post(data(5000, i));
    for (let i = 0; i < 1000; i++) {
      bench.post(data(0, 0));
      bench.clock.advance(50);
      if (bench.closed) break;
      bench.acceptor.handler.onWritable();
    }
    expect(bench.take().filter((answer) => answer.startsWith('post: 0')).length).toBeGreaterThan(10_000);
  });
});

describe('anything', () => {
  test('T24: that is asked, in any order, is answered once, by an answer or by one that is void', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = new Random(seed);
      const bench = new Bench();
      let asked = 0;
      let sent = 0;
      for (let i = 0; i < 60; i++) {
        const number = random.below(12) + 1;
        try {
          if (random.chance(0.2)) bench.post(data(random.below(9), random.below(9), random.below(9)));
          else bench.poll(number, { lowest: Math.max(1, number - random.below(3)), ack: random.below(2000) });
          asked++;
        } catch {
          // Before its time: the session ends, here it goes on.
        }
        sent += 100;
        if (bench.acceptor.writable && random.chance(0.3)) bench.send(sent, 100);
        bench.clock.advance(random.chance(0.1) ? 20_000 : random.below(100));
      }
      bench.acceptor.close();
      expect(bench.take().length).toBe(asked);
      expect(bench.clock.pendingTimers).toBe(0);
    }
  });
});

describe('a far connector', () => {
  function far(): Bench {
    const bench = new Bench();
    bench.roundTripMs = 100;
    bench.poll(1);
    bench.poll(2, { lowest: 1 });
    bench.send(0, 100);
    expect(bench.take()).toEqual(['1: 1 103']);
    return bench;
  }

  test('with bytes on their way, and one poll left, its answer gathers for a moment', () => {
    const bench = far();
    bench.send(100, 100);
    bench.clock.advance(4);
    bench.send(200, 100);
    expect(bench.take()).toEqual([]);
    bench.clock.advance(1);
    expect(bench.take()).toEqual(['2: 2 104+104']);
  });

  test('an answer that is full leaves at once', () => {
    const bench = far();
    bench.send(100, 62_000);
    expect(bench.take()).toEqual(['2: 2 62004']);
  });

  test('what was gathered for a poll, and is too much for its repeat, is cut anew', () => {
    const bench = far();
    bench.send(100, 20_000);
    bench.poll(2, { lowest: 1, most: 4096 }, 'repeat');
    expect(bench.take()).toEqual(['2: void 2']);
    bench.clock.advance(5);
    expect(bench.lost).toContain(100);
    expect(bench.take()).toEqual(['repeat: 2 3']);
  });

  test('its end does not wait', () => {
    const bench = far();
    bench.send(100, 100);
    bench.acceptor.close();
    expect(bench.take()).toEqual(['2: 2 104']);
    expect(bench.clock.pendingTimers).toBe(0);
  });
});
