import { describe, expect, test } from 'vitest';
import { encodePollAnswer } from '../../src/poll/index.js';
import { createMemoryLink } from '../../src/session/index.js';
import { type Call, PollPair } from './poll-pair.js';

const kib = 1024;
const numberOf = (call: Call) => call.request.poll?.number;
const carries = (call: Call) => call.request.messages.some((message) => message.length > 100);

/** A request whose answer is so long, from the first byte to the last. */
function transfer(pair: PollPair, up: number, down: number): { received: () => number[] } {
  const { handler } = pair.open(up);
  pair.clock.settle();
  pair.clock.advance(20_000);
  pair.respond(pair.accepted.length - 1, down);
  const { handler: accepted } = pair.accepted.at(-1)!;
  return { received: () => [accepted.received, handler.received] };
}

describe('idle', () => {
  test('T6, T8: one poll at a time, one in a hold, and no post; one timer for each thing that is waited for', () => {
    const pair = new PollPair();
    pair.poll();
    pair.clock.advance(300_000);
    expect(pair.posts.length).toBe(0);
    expect(pair.polls.length).toBe(21);
    expect(pair.polls.map(numberOf)).toEqual(pair.polls.map((_, i) => i + 1));
    expect(pair.waiting.length).toBe(1);
    // The hold and the poll's deadline, and each session's look now and then.
    expect(pair.clock.pendingTimers).toBe(4);
  });

  test('T9: an answer is never empty', () => {
    const pair = new PollPair();
    pair.poll();
    pair.clock.advance(15_000);
    expect(pair.polls[0]!.answer).toMatchObject({ counts: true, number: 1, messages: [Uint8Array.of(0x10, 0, 0)] });
  });

  test('after the end nothing is left running', () => {
    const pair = new PollPair();
    pair.poll();
    pair.open(1000);
    pair.clock.settle();
    pair.b.close('closed');
    pair.clock.settle();
    expect(pair.a.state.state).toBe('closed');
    expect(pair.clock.pendingTimers).toBe(0);
  });
});

describe('data', () => {
  test('goes both ways, several messages in one body, and ends', () => {
    const pair = new PollPair();
    pair.poll();
    const { received } = transfer(pair, 300 * kib, 500 * kib);
    pair.clock.settle();
    pair.clock.advance(100);
    expect(received()).toEqual([300 * kib, 500 * kib]);
    expect(pair.calls.some(({ request }) => request.messages.length > 1)).toBe(true);
  });

  test('T6: a second poll while data moves, and one again when all is quiet', () => {
    const pair = new PollPair();
    pair.poll();
    let most = 0;
    pair.fate = () => {
      most = Math.max(most, pair.waiting.filter(({ path }) => path === 'poll').length);
      return 'pass';
    };
    pair.open(400 * kib);
    pair.clock.settle();
    expect(most).toBe(2);
    pair.clock.advance(60_000);
    expect(pair.waiting.length).toBe(1);
  });

  test('T7: up to four posts at a time, that arrive in any order', () => {
    const pair = new PollPair();
    pair.poll();
    pair.open();
    pair.clock.advance(100);
    pair.fate = ({ path }) => (path === 'post' ? 'kept' : 'pass');
    pair.respond(0, 60 * kib);
    for (let i = 0; i < 8; i++) {
      pair.open();
      pair.clock.settle();
      pair.respond(i + 1, 60 * kib);
      pair.clock.settle();
    }
    const kept = pair.waiting.filter(({ path }) => path === 'post');
    expect(kept.length).toBe(4);
    pair.fate = () => 'pass';
    for (const call of kept.reverse()) call.arrive();
    pair.clock.settle();
    expect(pair.a.load.heldBytes).toBe(0);
    expect(pair.b.load.unackedBytes).toBe(0);
  });

  test('a browser polls and posts one at a time', () => {
    const pair = new PollPair();
    pair.poll({ maxPolls: 1, maxPosts: 1 });
    let most = 0;
    pair.fate = () => {
      most = Math.max(most, pair.waiting.length);
      return 'pass';
    };
    const { received } = transfer(pair, 100 * kib, 300 * kib);
    pair.clock.advance(1000);
    expect([received(), most]).toEqual([[100 * kib, 300 * kib], 2]);
  });

  test('bodies keep within what the poll wanted, and grow while that is quick', () => {
    const pair = new PollPair();
    pair.poll();
    const { received } = transfer(pair, 64 * kib, 8000 * kib);
    pair.open(64 * kib);
    pair.clock.advance(2000);
    expect(received()[1]).toBe(8000 * kib);
    expect(pair.path.up.bytes).toBeGreaterThanOrEqual(1024 * kib);
    for (const { answer, request, bytes } of pair.calls) {
      const length = answer ? encodePollAnswer(answer).length : 0;
      expect(length).toBeLessThanOrEqual(request.poll?.maxAnswerBytes ?? 64);
      expect(bytes).toBeLessThanOrEqual(4096 * kib);
    }
  });

  test('T10: a hop that takes 64 KiB is left as it is', () => {
    const pair = new PollPair();
    pair.poll();
    pair.fate = ({ bytes }) => (bytes > 64 * kib ? 'too-large' : 'pass');
    const { received } = transfer(pair, 0, 1000 * kib);
    pair.clock.advance(1000);
    expect(received()[1]).toBe(1000 * kib);
    expect(pair.path.up.bytes).toBe(64 * kib);
    expect(pair.calls.filter(({ bytes }) => bytes > 64 * kib).length).toBeLessThanOrEqual(4);
  });
});

describe('moves', () => {
  test('T17: to another transport and back with bytes on the way', () => {
    const pair = new PollPair();
    pair.delayMs = 20;
    pair.poll();
    const { body, handler } = pair.open(500 * kib);
    for (let i = 0; i < 6; i++) {
      pair.clock.advance(50);
      if (i % 2 === 0) pair.attach();
      else pair.poll({ attach: i + 2 });
      if (i === 0) pair.clock.advance(100);
      if (i === 1) pair.respond(0, 500 * kib);
    }
    pair.clock.advance(5000);
    expect([pair.accepted[0]!.handler.received, handler.received]).toEqual([500 * kib, 500 * kib]);
    expect(body.waiting).toBe(0);
    expect(pair.a.resumes).toBe(0);
  });

  test('the transport that was left lets go of its requests, on both sides', () => {
    const pair = new PollPair();
    pair.poll();
    const { a, b } = createMemoryLink({ defer: pair.clock.defer });
    pair.a.attach(a, pair.b.receivedOffset);
    expect(pair.polls[0]!.answer).toMatchObject({ counts: false, number: 0 });
    pair.b.attach(b, pair.a.receivedOffset);
    pair.clock.settle();
    expect(pair.waiting.length).toBe(0);
    expect([pair.requester.writable, pair.acceptor.writable]).toEqual([false, false]);
  });

  test('an answer that says so ends a transport, whose session was taken elsewhere', () => {
    const pair = new PollPair();
    pair.poll();
    pair.acceptor.close();
    pair.clock.settle();
    expect(pair.b.state.state).toBe('detached');
    expect(pair.polls.length).toBe(1);
  });
});

describe('the end', () => {
  test('T15: the last bytes and the reason go in one body, in spite of what is on the way', () => {
    const pair = new PollPair();
    pair.poll();
    pair.open(10);
    pair.clock.advance(100);
    pair.fate = (call) => (carries(call) && call.request.messages.length < 2 ? 'lost' : 'pass');
    pair.respond(0, 200);
    pair.clock.settle();
    pair.b.close('draining');
    pair.clock.settle();
    expect(pair.a.state).toMatchObject({ state: 'closed', reason: { code: 'draining' } });
    expect(pair.a.receivedOffset).toBeGreaterThan(200);
  });

  test('T11, T15: the last word is tried again, not for ever', () => {
    const pair = new PollPair();
    pair.poll();
    let tries = 0;
    pair.fate = ({ path }) => (path === 'post' && ++tries < 3 ? 'unsent' : 'pass');
    pair.b.close('closed');
    pair.clock.settle();
    expect([pair.a.state.state, tries, pair.clock.pendingTimers]).toEqual(['closed', 3, 0]);
    const other = new PollPair();
    other.poll();
    other.fate = () => 'lost';
    other.b.close('closed');
    other.clock.advance(5000);
    expect(other.waiting.length).toBe(0);
  });

  test('T12, T16: the gateway says why, whatever is asked', () => {
    const pair = new PollPair();
    pair.poll();
    pair.open(100);
    pair.clock.settle();
    pair.a.close('revoked');
    pair.clock.settle();
    expect(pair.b.state).toMatchObject({ state: 'closed', reason: { code: 'revoked' } });
    expect(pair.waiting.length).toBe(0);
  });
});
