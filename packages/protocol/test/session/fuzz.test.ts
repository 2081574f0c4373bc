import { describe, expect, test } from 'vitest';
import { Random } from '../sim/random.js';
import { SessionPair } from './session-pair.js';

/** Records real traffic, to be spoilt. */
function recordedMessages(): Uint8Array[] {
  const pair = new SessionPair();
  pair.attach({ maxMessageBytes: 2000 });
  for (let i = 0; i < 5; i++) pair.open(i * 1000);
  pair.clock.settle();
  pair.clock.advance(1000);
  return pair.sent.map(({ bytes }) => bytes);
}

describe('a peer that sends anything', () => {
  const recorded = recordedMessages();

  function spoil(random: Random): Uint8Array {
    const message = (random.pick(recorded) ?? new Uint8Array(0)).slice();
    if (random.chance(0.1)) return Uint8Array.from({ length: random.below(60) }, () => random.below(256));
    for (let i = random.below(4); i > 0 && message.length > 0; i--)
      message[random.below(message.length)] = random.below(256);
    return random.chance(0.3) ? message.subarray(0, random.below(message.length + 1)) : message;
  }

  test('ends with one of two codes, or lives; nothing is thrown, held or left running', () => {
    for (let seed = 1; seed <= 400; seed++) {
      const random = new Random(seed);
      const pair = new SessionPair();
      const { a, b } = pair.attach();
      pair.open(5000);
      pair.clock.settle();
      for (let i = 0; i < 40; i++) {
        (random.chance(0.5) ? a : b).handler.onMessage(spoil(random));
        if (random.chance(0.5)) pair.clock.settle();
      }
      for (const session of [pair.a, pair.b]) {
        expect(session.load.heldBytes).toBeLessThan(100_000);
        const { state } = session;
        if (state.state === 'closed') expect(['protocol-error', 'flow-control', 'closed']).toContain(state.reason.code);
        session.close('closed');
      }
      pair.clock.settle();
      expect(pair.clock.pendingTimers).toBe(0);
      expect([pair.a.mux.size, pair.b.mux.size]).toEqual([0, 0]);
    }
  });
});
