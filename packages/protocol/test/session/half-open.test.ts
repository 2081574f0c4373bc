import { describe, expect, test } from 'vitest';
import type { Clock, MemoryEnd } from '../../src/session/index.js';
import { PollPair } from '../poll/poll-pair.js';
import { SessionPair } from './session-pair.js';

const seconds = 1000;

/** A session between a gateway and a connector, that notes when the last round trip began that really worked. */
class WatchedPair extends SessionPair {
  lost: readonly MemoryEnd[] = [];
  workedAt = 0;
  /** When the connector sent what came to the gateway. */
  #arrived: number[] = [];

  constructor() {
    super({ dials: false }, { dials: true, resumeMs: 60 * seconds });
    this.delayMs = 20;
    this.delivers = ({ towards, at }) => {
      if (this.lost.includes(towards)) return false;
      if (towards === 'a') this.#arrived.push(at);
      else this.workedAt = this.#arrived.findLast((sentAt) => sentAt + this.delayMs <= at) ?? this.workedAt;
      return true;
    };
  }
}

function isReady({ b }: SessionPair): boolean {
  return b.state.state === 'attached' && b.state.peer === 'heard';
}

// Either direction may die alone, as behind a stateful hop that forgot half of a connection.
describe.each([
  ['up', ['a']],
  ['down', ['b']],
  ['both', ['a', 'b']],
] as const)('a link of which the direction %s dies without a word', (_name, lost) => {
  // Where in the rhythm of the keep-alive it happens.
  const moments = Array.from({ length: 31 }, (_, i) => 60 * seconds + i * 500);

  test.each(moments)('T23: after %s ms, is ready no longer than 20 s after its last round trip began', (ms) => {
    const pair = new WatchedPair();
    const link = pair.attach();
    pair.clock.advance(ms);
    pair.lost = lost;
    // Nor does the end of the connection get through: whoever hears nothing finds out by itself.
    link.a.close = () => link.drop('a');
    link.b.close = () => link.drop('b');
    for (let i = 0; i < 350; i++) {
      pair.clock.advance(100);
      if (isReady(pair)) expect(pair.clock.now() - pair.workedAt).toBeLessThan(20 * seconds);
    }
    expect([pair.a.state.state, pair.b.state.state]).toEqual(['detached', 'detached']);
  });

  test('T23: is found by both ends within 20 s, and by the gateway within 5 s where a request waits', () => {
    for (const waits of [false, true]) {
      const pair = new WatchedPair();
      pair.attach();
      pair.clock.advance(61 * seconds);
      pair.lost = lost;
      if (waits) pair.open();
      pair.clock.advance(waits ? 5000 : 20 * seconds);
      expect(pair.a.state.state).toBe('detached');
      pair.clock.advance(waits ? 15 * seconds : 0);
      expect(pair.b.state.state).toBe('detached');
    }
  });
});

// The gateway, which was told, holds visitors for 5 s: that is time enough for another link.
test.each([
  ['the connector has something to say', 'ask'],
  ['an answer runs', 'run'],
] as const)('the end that dialled finds out within 4 s that nobody hears it, when %s', (_name, what) => {
  const pair = new WatchedPair();
  pair.attach();
  pair.clock.advance(10 * seconds);
  pair.open();
  pair.clock.advance(200);
  pair.lost = ['a', 'b'];
  if (what === 'ask') pair.accepted[0]!.stream.sendHead(Buffer.from('ok'), true);
  pair.clock.advance(3999);
  expect(pair.b.state.state).toBe('detached');
});

test('an idle link costs one question of the connector and its answer each time', () => {
  const pair = new WatchedPair();
  pair.attach();
  pair.clock.advance(5 * seconds);
  pair.sent.length = 0;
  pair.clock.advance(300 * seconds);
  const questions = { up: pair.take('a'), down: pair.take('b') };
  expect(questions.up.every(({ reply }) => reply)).toBe(true);
  expect(questions.down.some(({ reply }) => reply)).toBe(false);
  expect([questions.up.length, questions.down.length]).toEqual([21, 21]);
});

test("a question of the peer's is no answer: it makes nothing of a suspect", () => {
  const pair = new WatchedPair();
  pair.attach();
  pair.clock.advance(10 * seconds);
  pair.lost = ['b'];
  pair.open();
  pair.clock.advance(2600);
  expect(pair.a.suspect).toBe(true);
  pair.b.probe(() => {});
  pair.clock.advance(1000);
  expect(pair.a.suspect).toBe(true);
});

test('T23: by polling, ready is no longer than 20 s after the last answer', () => {
  for (let ms = 60 * seconds; ms < 76 * seconds; ms += 500) {
    const pair = new PollPair({}, true);
    pair.delayMs = 20;
    pair.poll();
    pair.clock.advance(ms);
    const answeredAt = (): number => Math.max(...pair.polls.map(({ over, answeredAt = 0 }) => (over ? answeredAt : 0)));
    const last = answeredAt();
    pair.fate = () => 'lost';
    for (const call of pair.waiting) call.over = true;
    for (let i = 0; i < 400; i++) {
      pair.clock.advance(100);
      if (isReady(pair)) expect(pair.clock.now() - last).toBeLessThan(20 * seconds);
    }
    expect(pair.b.state.state).not.toBe('attached');
  }
});

describe('how long the link was down', () => {
  test('counts from the last answer, where it died without a word', () => {
    const pair = new WatchedPair();
    pair.attach();
    pair.clock.advance(61 * seconds);
    pair.lost = ['a', 'b'];
    pair.open();
    pair.clock.advance(5 * seconds);
    expect(pair.a.state.state).toBe('detached');
    expect(pair.a.detachedMs).toBe(pair.clock.now() - pair.a.lastRoundTripAt);
    expect(pair.a.detachedMs).toBeGreaterThanOrEqual(5 * seconds);
    pair.clock.advance(2 * seconds);
    expect(pair.a.detachedMs).toBeGreaterThanOrEqual(7 * seconds);
  });

  test('counts from its end, where that was told', () => {
    const pair = new WatchedPair();
    const link = pair.attach();
    pair.clock.advance(61 * seconds);
    link.cut();
    expect(pair.a.detachedMs).toBe(0);
    pair.clock.advance(2 * seconds);
    expect(pair.a.detachedMs).toBe(2 * seconds);
  });
});

describe('a process that stood still', () => {
  /** A pair of which one end can be stopped: its timers wait, and what comes to it; the timers run first when it goes on. */
  function stoppable(end: MemoryEnd): { pair: SessionPair; stop(): void; goOn(): void } {
    let pair: SessionPair | undefined;
    let isStopped = false;
    const timers: (() => void)[] = [];
    const messages: (() => void)[] = [];
    const clockOf = (one: MemoryEnd): Clock => ({
      now: () => pair?.clock.now() ?? 1000,
      setTimer: (fn, ms) =>
        pair?.clock.setTimer(() => (isStopped && one === end ? timers.push(fn) : fn()), ms) ?? { cancel() {} },
    });
    pair = new SessionPair({ dials: false, clock: clockOf('a') }, { dials: true, clock: clockOf('b') });
    const { clock: outer } = pair;
    const link = pair.attach({
      carry: (towards, _bytes, arrive) =>
        void outer.setTimer(() => (isStopped && towards === end ? messages.push(arrive) : arrive()), 20),
    });
    // The end of the connection waits in the socket as well.
    link.a.close = () => link.drop('a');
    link.b.close = () => link.drop('b');
    return {
      pair,
      stop: () => {
        isStopped = true;
      },
      goOn() {
        isStopped = false;
        for (const run of timers.splice(0)) run();
        outer.setTimer(() => messages.splice(0).forEach((arrive) => void arrive()), 1);
      },
    };
  }

  test.each(['a', 'b'] as const)('for a minute: its peer (of end %s) is suspect until it is heard', (end) => {
    const { pair, stop, goOn } = stoppable(end);
    for (let i = 0; i < 2; i++) pair.open();
    pair.clock.advance(10 * seconds);
    stop();
    // The first of them asks, the second does not.
    for (let i = 0; i < 2; i++) {
      if (end === 'b') pair.open();
      else pair.accepted[i]!.stream.sendHead(Buffer.from('ok'), true);
      pair.clock.advance(100);
    }
    pair.clock.advance(60 * seconds);
    goOn();
    expect(pair[end].suspect).toBe(true);
    // What waited for it was said before it stopped.
    pair.clock.advance(50);
    expect(pair[end].suspect).toBe(true);
    pair.clock.advance(2550);
    expect(pair[end].state.state).toBe('detached');
  });

  test.each(['a', 'b'] as const)('for a few seconds: nothing is lost (end %s)', (end) => {
    const { pair, stop, goOn } = stoppable(end);
    const { handler } = pair.open();
    for (let at = 0; at < 40; at++) {
      pair.clock.advance(700);
      stop();
      pair.clock.advance(2000);
      goOn();
      pair.clock.advance(100);
      expect([pair.a.state.state, pair.b.state.state]).toEqual(['attached', 'attached']);
    }
    expect(handler.events).toEqual([]);
  });
});
