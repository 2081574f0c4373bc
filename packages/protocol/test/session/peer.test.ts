import { describe, expect, test } from 'vitest';
import type { SessionState } from '../../src/session/index.js';
import { PollPair } from '../poll/poll-pair.js';
import { ByteBody } from '../sim/byte-body.js';
import { SessionPair } from './session-pair.js';

const kib = 1024;

/** What a session says of its peer. */
function peerOf({ state }: { readonly state: SessionState }): string {
  return state.state === 'attached' ? state.peer : state.state;
}

describe('a transport is proven', () => {
  test('to the end that dialled by the first message back, which is asked for', () => {
    const pair = new SessionPair({ dials: false }, { dials: true });
    pair.delayMs = 100;
    pair.attach();
    expect([peerOf(pair.a), peerOf(pair.b)]).toEqual(['heard', 'unheard']);
    pair.clock.advance(199);
    expect(peerOf(pair.b)).toBe('unheard');
    pair.clock.advance(1);
    expect(peerOf(pair.b)).toBe('heard');
    expect(pair.take('a')).toMatchObject([{ reply: true, bytes: 0 }]);
    expect(pair.take('b')).toMatchObject([{ reply: false, bytes: 0 }]);
  });

  test('anew with each transport', () => {
    const pair = new SessionPair({ dials: false }, { dials: true });
    pair.attach();
    pair.clock.settle();
    pair.delivers = () => false;
    pair.attach();
    pair.clock.advance(1999);
    expect(peerOf(pair.b)).toBe('unheard');
  });

  test('by polling with the first poll, that is answered at once, and the second waits', () => {
    const pair = new PollPair({}, true);
    pair.delayMs = 100;
    pair.poll();
    pair.clock.advance(199);
    expect(peerOf(pair.b)).toBe('unheard');
    pair.clock.advance(1);
    expect(peerOf(pair.b)).toBe('heard');
    pair.clock.advance(10_000);
    expect([pair.polls.length, pair.posts.length, pair.waiting.length]).toEqual([2, 0, 1]);
  });

  test('a first poll that brings no answer is repeated after 5 s, and its answer proves as well', () => {
    const pair = new PollPair({}, true);
    pair.fate = () => 'lost';
    pair.poll();
    pair.clock.advance(4999);
    pair.fate = () => 'pass';
    expect([pair.polls.length, peerOf(pair.b)]).toEqual([1, 'unheard']);
    pair.clock.advance(1);
    expect([pair.polls.length, peerOf(pair.b)]).toEqual([3, 'heard']);
  });
});

describe('a peer that is overdue', () => {
  test('is suspect after half of the time, and heard again with its next answer', () => {
    const states: string[] = [];
    const pair = new SessionPair(
      { dials: false, onStateChanged: (state) => states.push(peerOf({ state })) },
      { onStateChanged() {} },
    );
    pair.attach();
    pair.clock.advance(3000);
    pair.delivers = () => false;
    pair.open();
    pair.clock.advance(2499);
    expect(pair.a.suspect).toBe(false);
    pair.clock.advance(1);
    expect(pair.a.suspect).toBe(true);
    pair.delivers = () => true;
    pair.a.probe(() => {});
    pair.clock.settle();
    expect(pair.a.suspect).toBe(false);
    pair.clock.advance(2500);
    expect(states).toEqual(['heard', 'suspect', 'heard']);
  });

  test('may be left because it is suspect: nothing is waited for any more', () => {
    const pair = new SessionPair(
      { onStateChanged: () => pair.a.suspect && pair.a.close('timeout') },
      { onStateChanged() {} },
    );
    pair.attach();
    pair.clock.advance(3000);
    pair.delivers = () => false;
    pair.open();
    pair.clock.advance(2500);
    expect(peerOf(pair.a)).toBe('closed');
    pair.b.close('closed');
    expect(pair.clock.pendingTimers).toBe(0);
  });

  test('is not suspect while bytes move', () => {
    const pair = new SessionPair({}, { keepAliveMs: 1e6 });
    const link = pair.attach();
    pair.clock.advance(3000);
    let moved = 0;
    Object.defineProperty(link.a, 'movedBytes', { get: () => moved });
    pair.delivers = () => false;
    pair.open();
    for (let i = 0; i < 30; i++) {
      moved += 1000;
      pair.clock.advance(1000);
      expect(pair.a.suspect).toBe(false);
    }
  });

  test('is told by a poll that comes late, and by an answer that does', () => {
    const told: string[] = [];
    const pair = new PollPair({ onStateChanged: (state) => told.push(peerOf({ state })) });
    pair.poll();
    const [first] = pair.polls;
    first!.over = true;
    pair.fate = () => 'kept';
    pair.clock.advance(20_000);
    expect([pair.a.suspect, pair.b.suspect]).toEqual([true, true]);
    told.length = 0;
    pair.polls.at(-1)!.arrive();
    pair.clock.advance(1);
    expect(told).toEqual(['heard', 'heard']);
    expect([pair.a.suspect, pair.b.suspect]).toEqual([false, false]);
  });
});

describe('T23: a link that dies without a word is noticed within 5 s where a request waits', () => {
  /** A session that is cut so long after its last message; the time from there to the end of each transport. */
  function timesAfterCut(pair: SessionPair): number[] {
    pair.delivers = () => false;
    const cutAt = pair.clock.now();
    const times = [-1, -1];
    for (let ms = 0; ms < 30_000; ms += 50) {
      pair.clock.advance(50);
      [pair.a, pair.b].forEach(({ state }, i) => {
        if (state.state === 'detached' && times[i] === -1) times[i] = pair.clock.now() - cutAt;
      });
    }
    return times;
  }

  /** A body of which a little comes now and then: no credit is due for it. */
  function trickle(pair: SessionPair): void {
    const { body, stream } = pair.open(100);
    for (let i = 0; i < 20; i++) {
      pair.clock.advance(150);
      body.add(100);
      stream.wake();
    }
    pair.clock.advance(100);
  }

  test.each([0, 100, 500, 900, 1000, 1100, 1900, 3000])(
    'T23: whose head leaves %s ms after the last message',
    (idleMs) => {
      const pair = new SessionPair();
      pair.delayMs = 20;
      pair.attach();
      pair.open();
      pair.clock.advance(1000 + idleMs);
      pair.delivers = () => false;
      pair.open();
      expect(timesAfterCut(pair)[0]).toBeLessThanOrEqual(5000);
    },
  );

  test.each([0, 100, 300, 700, 999])('T23: in the middle of a transfer, at both ends, after %s ms', (ms) => {
    for (const end of ['a', 'b'] as const) {
      const pair = new SessionPair();
      pair.delayMs = 300;
      pair.attach();
      const { handler, stream } = pair.open(end === 'a' ? 8000 * kib : 1);
      handler.stream = stream;
      pair.clock.advance(2000);
      if (end === 'b') {
        const { stream: answer } = pair.accepted[0]!;
        answer.sendHead(Buffer.from('ok'), false);
        const body = new ByteBody(-1);
        body.add(8000 * kib);
        answer.sendBody(body);
      }
      pair.clock.advance(1000 + ms);
      for (const time of timesAfterCut(pair)) expect(time).toBeLessThanOrEqual(5050);
    }
  });

  test('T23: by polling, at both ends, whichever way the bytes go', () => {
    for (const way of ['up', 'down']) {
      const pair = new PollPair();
      pair.delayMs = 200;
      pair.poll();
      pair.open(way === 'down' ? 20_000 * kib : 1);
      pair.clock.advance(1000);
      if (way === 'up') pair.respond(0, 20_000 * kib);
      pair.clock.advance(1100);
      pair.fate = () => 'lost';
      for (const call of pair.waiting) call.over = true;
      pair.calls.length = 0;
      // What was on its way still arrives.
      pair.clock.advance(pair.delayMs + 5000);
      expect([way, pair.a.suspect, pair.b.suspect]).toEqual([way, true, true]);
    }
  });

  test('T23: by the end that only hears, and has nothing to send', () => {
    const pair = new SessionPair();
    pair.delayMs = 20;
    pair.attach();
    trickle(pair);
    expect(pair.b.load.unackedBytes).toBe(0);
    const [, ofHearer] = timesAfterCut(pair);
    expect(ofHearer).toBeLessThanOrEqual(5050);
  });

  test('T23: by polling too', () => {
    const pair = new PollPair();
    pair.delayMs = 20;
    pair.poll();
    trickle(pair);
    pair.fate = () => 'lost';
    for (const call of pair.waiting) call.over = true;
    pair.clock.advance(5000);
    expect(pair.b.suspect).toBe(true);
  });

  test('T23: and 20 s without any', () => {
    const pair = new SessionPair();
    pair.attach();
    pair.clock.advance(10);
    for (const time of timesAfterCut(pair)) expect(time).toBeLessThanOrEqual(20_000);
  });

  test('an exchange that waits in silence has the peer asked once, not every second', () => {
    const pair = new SessionPair();
    pair.attach();
    pair.open();
    pair.clock.advance(100);
    pair.sent.length = 0;
    pair.clock.advance(14_000);
    expect(pair.sent.length).toBeLessThanOrEqual(4);
  });
});
