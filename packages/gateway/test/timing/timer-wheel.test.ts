import { expect, test } from 'vitest';
import { TimerWheel, type WheelEntry } from '../../src/timing/timer-wheel.js';
import { createRandom } from '../support/random.js';

/** A wheel that turns when it is told to. */
function startWheel() {
  let turn: (() => void) | undefined;
  const wheel = new TimerWheel(1000, (fn, ms) => {
    expect([ms, turn]).toEqual([1000, undefined]);
    turn = fn;
    return () => {
      turn = undefined;
    };
  });
  return {
    wheel,
    get turns() {
      return turn !== undefined;
    },
    turn(count = 1) {
      for (let i = 0; i < count; i++) turn?.();
    },
  };
}

function entry(onDue: () => void): WheelEntry {
  return { dueTick: 0, lookTick: 0, before: undefined, behind: undefined, onDue };
}

test.each([1, 2, 62, 63, 64, 65, 127, 1000])('due in %d ticks, once', (ticks) => {
  const it = startWheel();
  let due = 0;
  it.wheel.arm(
    entry(() => void due++),
    ticks,
  );
  it.turn(ticks - 1);
  expect(due).toBe(0);
  it.turn();
  expect(due).toBe(1);
  expect(it.turns).toBe(false);
  it.turn(200);
  expect(due).toBe(1);
});

test('put off, put forward, taken off, put on again', () => {
  const it = startWheel();
  const due: number[] = [];
  const one = entry(() => void due.push(it.wheel.tick));
  it.wheel.arm(one, 5);
  it.wheel.arm(one, 10);
  it.turn(7);
  expect(due).toEqual([]);
  it.wheel.arm(one, 1);
  it.turn();
  expect(due).toEqual([8]);
  it.wheel.arm(one, 100);
  it.wheel.remove(one);
  it.wheel.remove(one);
  it.wheel.arm(one, 3);
  it.turn(3);
  expect(due).toEqual([8, 11]);
  it.wheel.arm(one, Number.POSITIVE_INFINITY);
  it.turn(500);
  expect(due).toHaveLength(2);
  expect(it.wheel.size).toBe(1);
});

test('it turns only while something stands on it', () => {
  const it = startWheel();
  expect(it.turns).toBe(false);
  const one = entry(() => {});
  it.wheel.arm(one, 50);
  expect(it.turns).toBe(true);
  it.wheel.remove(one);
  it.turn();
  expect(it.turns).toBe(false);
  it.wheel.arm(one, 1);
  expect(it.turns).toBe(true);
});

test('who is due may take others off, and put itself and others on', () => {
  const it = startWheel();
  const due: string[] = [];
  const second = entry(() => void due.push('second'));
  const third = entry(() => void due.push('third'));
  const first = entry(() => {
    due.push('first');
    it.wheel.remove(second);
    it.wheel.arm(third, 2);
    if (due.length < 3) it.wheel.arm(first, 63);
  });
  for (const one of [first, second, third]) it.wheel.arm(one, 1);
  it.turn();
  expect(due).toEqual(['first']);
  it.turn(2);
  expect(due).toEqual(['first', 'third']);
  it.turn(61);
  expect(due).toEqual(['first', 'third', 'first']);
});

test('many, at random: each is due when it was last said to be', () => {
  const random = createRandom(7);
  const it = startWheel();
  const entries = Array.from({ length: 50 }, () => {
    const one = { at: -1, entry: entry(() => {}) };
    one.entry.onDue = () => {
      expect(one.at).toBe(it.wheel.tick);
      one.at = -1;
    };
    return one;
  });
  const keepsTurning = entry(() => {});
  it.wheel.arm(keepsTurning, Number.POSITIVE_INFINITY);
  for (let step = 0; step < 10_000; step++) {
    const one = random.pick(entries);
    const what = random.int(10);
    if (what === 0) {
      it.wheel.remove(one.entry);
      one.at = -1;
    } else if (what < 4) {
      const ticks = 1 + random.int(150);
      it.wheel.arm(one.entry, ticks);
      one.at = it.wheel.tick + ticks;
    } else it.turn();
    // Not an expectation each: a million of them take longer than the test.
    const overdue = entries.some(({ at }) => at >= 0 && at <= it.wheel.tick);
    const size = 1 + entries.filter(({ at }) => at >= 0).length;
    if (overdue || it.wheel.size !== size) expect([step, overdue, it.wheel.size]).toEqual([step, false, size]);
  }
});
