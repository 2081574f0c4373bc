import { describe, expect, test } from 'vitest';
import { encodePollAnswer } from '../../src/poll/index.js';
import { type Call, type Fate, PollPair } from './poll-pair.js';

const kib = 1024;
const numberOf = (call: Call) => call.request.poll?.number;

/** A pair whose `nth` request with this path, from now on, has this fate; the others pass. */
function failing(pair: PollPair, path: 'poll' | 'post', fate: Fate, times = 1): void {
  let left = times;
  const failed = new Set<Call>();
  pair.fate = (call) => {
    if (failed.has(call)) return fate;
    if (call.path !== path || left === 0) return 'pass';
    left--;
    failed.add(call);
    return fate;
  };
}

describe('repeats', () => {
  test.each<Fate>(['unsent', 'unanswered', 'cut'])(
    'T3, T4, T11: a poll that is %s loses nothing, and costs no time',
    (fate) => {
      const pair = new PollPair();
      pair.poll();
      failing(pair, 'poll', fate, 2);
      pair.clock.advance(15_000);
      const { at } = pair.calls.at(-1)!;
      pair.open(10 * kib);
      pair.clock.advance(150);
      expect(pair.accepted[0]!.handler.received).toBe(10 * kib);
      expect(pair.clock.now() - at).toBeLessThan(400);
      expect(pair.b.state.state).toBe('attached');
    },
  );

  test('T3: the same number again, answered from its own ack', () => {
    const pair = new PollPair();
    pair.poll();
    failing(pair, 'poll', 'unanswered');
    pair.clock.advance(15_000);
    pair.open(1000);
    pair.clock.settle();
    expect(pair.polls.map(numberOf).slice(0, 4)).toEqual([1, 2, 2, 3]);
    const [, lost, repeated] = pair.polls;
    expect(repeated!.answer!.messages[0]).toEqual(lost!.answer!.messages[0]);
    expect(pair.accepted[0]!.handler.received).toBe(1000);
  });

  test('T4: an answer that was written counts for nothing until it is acked', () => {
    const pair = new PollPair();
    pair.poll();
    failing(pair, 'poll', 'unanswered', 3);
    pair.clock.advance(15_000);
    pair.open(1000);
    pair.clock.settle();
    expect(pair.polls[1]!.answer!.messages.length).toBeGreaterThan(0);
    expect([pair.accepted.length, pair.a.load.unackedBytes > 1000]).toEqual([0, true]);
    pair.clock.advance(1000);
    expect([pair.accepted[0]!.handler.received, pair.a.load.unackedBytes]).toEqual([1000, 0]);
  });

  test.each<Fate>(['unsent', 'unanswered', 'cut'])(
    'T3, T7: a post that is %s loses nothing, and costs no time',
    (fate) => {
      const pair = new PollPair();
      pair.poll();
      const { handler } = pair.open();
      pair.clock.advance(100);
      failing(pair, 'post', fate, 2);
      pair.respond(0, 200 * kib);
      pair.clock.advance(150);
      expect(handler.received).toBe(200 * kib);
    },
  );

  test('T7: bytes that found no room behind a gap are sent again as soon as that shows', () => {
    const budget = { free: 0, take: () => false, give() {} };
    const pair = new PollPair({ reorderBudget: budget });
    pair.poll();
    const { handler } = pair.open();
    pair.clock.advance(100);
    failing(pair, 'post', 'unsent');
    pair.respond(0, 300 * kib);
    pair.clock.advance(150);
    expect(handler.received).toBe(300 * kib);
  });

  test('T16: a hop that says when to come again is obeyed', () => {
    const pair = new PollPair();
    pair.poll();
    pair.polls[0]!.finish({ kind: 'failed', detail: 'HTTP 503', retryAfterMs: 7000 });
    pair.clock.advance(6999);
    expect(pair.polls.length).toBe(1);
    pair.clock.advance(1);
    expect(pair.polls.map(numberOf)).toEqual([1, 1]);
  });

  test('T14: who was refused for asking too often comes again when told to, with bodies as large', () => {
    const pair = new PollPair();
    pair.fate = () => 'lost';
    pair.poll();
    const { up, down } = pair.path;
    const before = [up.bytes, down.bytes];
    for (let i = 0; i < 3; i++) {
      pair.polls[i]!.finish({ kind: 'failed', detail: 'HTTP 429', status: 429, retryAfterMs: 1000 });
      pair.clock.advance(999);
      expect(pair.polls.length).toBe(i + 1);
      pair.clock.advance(2001);
    }
    expect(pair.polls.map(numberOf)).toEqual([1, 1, 1, 1]);
    expect([up.bytes, down.bytes]).toEqual(before);
  });

  test('what fails again and again ends the transport, after growing waits', () => {
    const pair = new PollPair();
    pair.poll();
    pair.fate = () => 'unsent';
    pair.clock.advance(15_000);
    pair.clock.advance(5000);
    expect(pair.b.state.state).toBe('detached');
    expect(pair.polls.length).toBe(7);
    expect(pair.clock.now() - 16_000).toBeGreaterThan(2600);
  });

  test('an answer of somebody else is none', () => {
    for (const body of [
      Uint8Array.of(),
      Uint8Array.of(0x3c, 0x68),
      encodePollAnswer({ counts: true, number: 7, messages: [] }),
    ]) {
      const pair = new PollPair();
      pair.poll();
      pair.polls[0]!.finish({ kind: 'answer', body });
      pair.clock.settle();
      expect(pair.polls.map(numberOf)).toEqual([1, 1]);
    }
  });
});

describe('doubles', () => {
  test('T6: a twin supersedes the poll that waits, whose answer does not count; the connector asks again', () => {
    const pair = new PollPair();
    pair.poll();
    const [first] = pair.polls;
    first!.arrive();
    pair.clock.settle();
    expect(first!.answer).toEqual({ counts: false, number: 1, messages: [] });
    pair.clock.settle();
    expect(pair.polls.map(numberOf)).toEqual([1, 1]);
    pair.open(1000);
    pair.clock.settle();
    expect(pair.accepted[0]!.handler.received).toBe(1000);
  });

  test('T6: a twin that comes late, beside a newer poll, swallows nothing for longer than a round trip', () => {
    const pair = new PollPair();
    pair.poll();
    pair.open(1000);
    pair.clock.settle();
    // So small that no further poll is worth while: the third alone goes on waiting.
    pair.open();
    pair.clock.settle();
    expect(pair.waiting.map(numberOf)).toEqual([3]);
    pair.polls[1]!.arrive();
    pair.open(2000);
    pair.clock.settle();
    expect(pair.accepted[2]!.handler.received).toBe(2000);
  });

  test('T6: a ghost of a poll that was answered in full gets nothing', () => {
    const pair = new PollPair();
    pair.poll();
    pair.clock.advance(45_000);
    const [ghost] = pair.polls;
    const answers: unknown[] = [];
    pair.acceptor.receive(ghost!.request, { answer: (answer) => answers.push(answer), refuse() {} });
    expect(answers).toEqual([{ counts: false, number: 1, messages: [] }]);
    pair.open(1000);
    pair.clock.settle();
    expect(pair.accepted[0]!.handler.received).toBe(1000);
  });

  test('T6: whatever is doubled, and however late, a request arrives within a round trip', () => {
    for (let delay = 0; delay < 300; delay += 7) {
      const pair = new PollPair();
      pair.delayMs = 10;
      pair.poll();
      for (let i = 0; i < 10; i++) {
        const doubled = pair.polls.at(-1)!;
        pair.clock.setTimer(() => doubled.arrive(), delay);
        pair.open(1000 + i);
        pair.clock.advance(40 + 3 * i);
      }
      pair.clock.advance(700);
      expect(pair.accepted.map(({ handler }) => handler.received)).toEqual(pair.accepted.map((_, i) => 1000 + i));
      expect([pair.accepted.length, pair.b.state.state, pair.b.resumes]).toEqual([10, 'attached', 0]);
    }
  });
});

describe('hops that cut', () => {
  test('T8: a cut while a poll waits shortens the hold, not the bodies; much later a longer one is tried', () => {
    const pair = new PollPair();
    pair.poll();
    let limit = 10_000;
    pair.fate = (call) => {
      pair.clock.setTimer(() => call.finish({ kind: 'failed', detail: 'HTTP 504' }), limit);
      return 'pass';
    };
    pair.clock.advance(100_000);
    expect(pair.polls.at(-1)!.request.poll!.holdMs).toBe(7500);
    expect([pair.path.up.bytes, pair.path.down.bytes]).toEqual([64 * kib, 64 * kib]);
    const { length } = pair.polls;
    pair.clock.advance(75_000);
    expect(pair.polls.length - length).toBe(10);
    limit = 1e9;
    pair.clock.advance(700_000);
    expect(pair.polls.at(-1)!.request.poll!.holdMs).toBe(15_000);
    expect(pair.b.resumes).toBe(0);
  });

  test('T10: even one that waits for a second only', () => {
    const pair = new PollPair();
    pair.poll();
    pair.fate = (call) => {
      pair.clock.setTimer(() => call.finish({ kind: 'failed', detail: 'HTTP 504' }), 1000);
      return 'pass';
    };
    pair.clock.advance(60_000);
    expect([pair.b.state.state, pair.b.resumes]).toEqual(['attached', 0]);
  });

  test('T10: bodies are halved on 413, down to what passes, and not tried larger at once', () => {
    const pair = new PollPair();
    pair.poll();
    const { handler } = pair.open();
    pair.clock.advance(100);
    pair.fate = ({ bytes }) => (bytes > 20 * kib ? 'too-large' : 'pass');
    pair.respond(0, 500 * kib);
    pair.clock.advance(1000);
    expect(handler.received).toBe(500 * kib);
    expect(pair.path.up.bytes).toBe(16 * kib);
    // Each size is refused to those that left together, and never again.
    expect(pair.calls.filter(({ bytes }) => bytes > 20 * kib).length).toBeLessThanOrEqual(10);
  });

  test('T10: a body that is refused, and is the only one, goes again at once', () => {
    const pair = new PollPair();
    pair.poll();
    const { handler } = pair.open();
    pair.clock.advance(100);
    pair.fate = ({ bytes }) => (bytes > 40 * kib ? 'too-large' : 'pass');
    pair.respond(0, 50 * kib);
    pair.clock.advance(100);
    expect(handler.received).toBe(50 * kib);
  });

  test('T10: bodies that fail twice are halved as well, each direction by itself', () => {
    const pair = new PollPair();
    pair.poll();
    const { handler } = pair.open();
    pair.clock.advance(100);
    pair.fate = ({ bytes }) => (bytes > 20 * kib ? 'unsent' : 'pass');
    pair.respond(0, 500 * kib);
    pair.clock.advance(3000);
    expect(handler.received).toBe(500 * kib);
    expect([pair.path.up.bytes, pair.b.resumes]).toEqual([16 * kib, 0]);
    expect(pair.path.down.bytes).toBeGreaterThanOrEqual(32 * kib);
  });

  test("a cut of all connections is nobody's size, though what goes again at once meets another that was cut", () => {
    const pair = new PollPair();
    pair.poll();
    const { handler } = pair.open();
    pair.clock.advance(100);
    pair.respond(0, 500 * kib);
    // Each request fails, and once more: the second one that was kept is cut as well.
    const at = pair.clock.now();
    pair.fate = () => (pair.clock.now() === at ? 'unsent' : 'pass');
    pair.clock.advance(1000);
    expect(pair.calls.filter((call) => call.at === at).length).toBeGreaterThan(3);
    expect(handler.received).toBe(500 * kib);
    expect(pair.path.up.bytes).toBeGreaterThanOrEqual(64 * kib);
    expect(pair.path.down.bytes).toBeGreaterThanOrEqual(64 * kib);
  });

  test('T10: answers that are too large for a hop are wanted smaller', () => {
    const pair = new PollPair();
    pair.poll();
    const large = (call: Call) =>
      (call.answer?.messages.reduce((sum, message) => sum + message.length, 0) ?? 0) > 20 * kib;
    pair.fate = (call) => {
      const { finish: pass } = call;
      call.finish = (outcome) => pass(large(call) ? { kind: 'failed', detail: 'HTTP 502' } : outcome);
      return 'pass';
    };
    pair.clock.advance(15_000);
    pair.open(500 * kib);
    pair.clock.advance(3000);
    expect(pair.accepted[0]!.handler.received).toBe(500 * kib);
    expect(pair.path.down.bytes).toBe(16 * kib);
    expect(pair.path.up.bytes).toBe(64 * kib);
  });
});

describe('silence', () => {
  test('T8, T23: a poll without an answer is asked again after its hold and 4 s, then for an answer at once, then given up', () => {
    const pair = new PollPair();
    pair.poll();
    pair.fate = () => 'lost';
    pair.clock.advance(15_000);
    pair.clock.advance(19_000 - 1);
    expect([pair.requester.suspect, pair.polls.length]).toEqual([false, 2]);
    pair.clock.advance(1);
    expect([pair.requester.suspect, pair.polls.length]).toEqual([true, 3]);
    expect(pair.polls[2]!.request.poll).toMatchObject({ number: 2, holdMs: 0 });
    pair.clock.advance(4999);
    expect(pair.b.state.state).toBe('attached');
    pair.clock.advance(1);
    expect(pair.b.state.state).toBe('detached');
    // The next transport asks for shorter holds: perhaps somebody forgets who is silent for long.
    expect(pair.path.hold.at(pair.clock.now())).toBe(11_250);
  });

  test('T23: bytes that go up are answered within 5 s, in a poll as well as in a post', () => {
    const pair = new PollPair();
    pair.poll();
    pair.open();
    pair.clock.advance(100);
    pair.fate = () => 'lost';
    pair.respond(0, 300 * kib);
    pair.clock.advance(5000);
    expect([pair.requester.suspect, pair.b.state.state]).toEqual([true, 'attached']);
    pair.clock.advance(5000);
    expect(pair.b.state.state).toBe('detached');
    expect(pair.path.hold.at(pair.clock.now())).toBe(15_000);
  });

  test('an answer that comes slowly is waited for', () => {
    const pair = new PollPair();
    pair.poll();
    pair.fate = () => 'kept';
    pair.clock.advance(15_000);
    const call = pair.polls.at(-1)!;
    for (let i = 0; i < 30; i++) {
      pair.clock.advance(1000);
      call.moved(100);
    }
    expect([pair.requester.suspect, pair.polls.length]).toEqual([false, 2]);
  });

  test('T23: without a poll for 5 s the connector is suspect, after twice that lost', () => {
    const pair = new PollPair();
    pair.poll();
    pair.fate = () => 'lost';
    pair.clock.advance(15_000);
    pair.clock.advance(4999);
    expect(pair.a.suspect).toBe(false);
    pair.clock.advance(1);
    expect([pair.a.suspect, pair.a.state.state]).toEqual([true, 'attached']);
    pair.clock.advance(4999);
    expect(pair.a.state.state).toBe('attached');
    pair.clock.advance(1);
    expect(pair.a.state.state).toBe('detached');
  });

  test('T23: a request whose poll is swallowed makes it suspect in 5 s, though another poll waits', () => {
    const pair = new PollPair();
    pair.poll();
    pair.open(1000);
    pair.clock.settle();
    expect(pair.waiting.length).toBe(2);
    pair.fate = () => 'lost';
    for (const call of pair.waiting) call.over = true;
    pair.open(1000);
    pair.clock.advance(5000);
    expect([pair.a.suspect, pair.a.state.state]).toEqual([true, 'attached']);
    pair.clock.advance(5000);
    expect(pair.a.state.state).toBe('detached');
  });

  test('both ends wait for three round trips where that is longer', () => {
    const pair = new PollPair();
    pair.delayMs = 2000;
    pair.poll();
    pair.open(1000);
    pair.clock.advance(20_000);
    expect(pair.a.roundTripMs).toBeGreaterThanOrEqual(4000);
    pair.fate = () => 'lost';
    pair.clock.advance(13_000);
    expect([pair.a.state.state, pair.b.state.state]).toEqual(['attached', 'attached']);
    pair.clock.advance(25_000);
    expect([pair.a.state.state, pair.b.state.state]).toEqual(['detached', 'detached']);
    const other = new PollPair();
    other.path.roundTripMs = 8000;
    other.delayMs = 4000;
    other.poll();
    other.clock.advance(120_000);
    expect([other.a.suspect, other.b.state.state]).toEqual([false, 'attached']);
  });

  test('T6: answers that never come through whole are not asked for in a frenzy, and force another transport', () => {
    const pair = new PollPair();
    pair.poll();
    pair.fate = () => 'cut';
    pair.clock.advance(15_000);
    pair.open(1000);
    pair.clock.advance(30_000);
    expect(pair.a.state.state).toBe('detached');
    expect(pair.calls.length).toBeLessThan(2000);
    pair.attach();
    pair.clock.settle();
    expect(pair.accepted[0]!.handler.received).toBe(1000);
  });

  test('a connector that posts and never polls is lost as well', () => {
    const pair = new PollPair();
    pair.fate = ({ path }) => (path === 'poll' ? 'lost' : 'pass');
    pair.poll();
    const { session, attach, messages } = pair.polls[0]!.request;
    let answers = 0;
    for (let i = 0; i < 9; i++) {
      pair.clock.advance(1000);
      pair.acceptor.receive({ session, attach, poll: undefined, messages }, { answer: () => answers++, refuse() {} });
    }
    expect([pair.a.suspect, pair.a.state.state, answers]).toEqual([true, 'attached', 9]);
    pair.clock.advance(1000);
    expect(pair.a.state.state).toBe('detached');
  });
});
