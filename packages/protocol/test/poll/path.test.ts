import { describe, expect, test } from 'vitest';
import { BodySize } from '../../src/poll/body-size.js';
import { HoldTime } from '../../src/poll/hold-time.js';
import { SerialHop } from '../../src/poll/serial-hop.js';

const kib = 1024;

describe('the size of bodies', () => {
  test('doubles while full ones go quickly, up to 4 MiB; small ones tell nothing', () => {
    const size = new BodySize();
    expect(size.bytes).toBe(64 * kib);
    size.worked(32 * kib, 1, 0);
    expect(size.bytes).toBe(64 * kib);
    for (let i = 0; i < 20; i++) size.worked(size.bytes, 100, 0);
    expect(size.bytes).toBe(4096 * kib);
  });

  test('stays where a body takes about a second, and halves where it takes more than two, down to 16 KiB', () => {
    const size = new BodySize();
    size.worked(64 * kib, 1000, 0);
    expect(size.bytes).toBe(64 * kib);
    for (let i = 0; i < 20; i++) size.worked(size.bytes, 2500, 0);
    expect(size.bytes).toBe(16 * kib);
  });

  test('T10: a size that is refused is not tried for ten minutes, one that failed for one', () => {
    for (const [how, minutes] of [
      ['refused', 10],
      ['failed', 1],
    ] as const) {
      const size = new BodySize();
      expect(size[how](64 * kib, 0)).toBe(true);
      expect(size.bytes).toBe(32 * kib);
      for (let i = 0; i < 5; i++) size.worked(size.bytes, 1, minutes * 60_000 - 1);
      expect(size.bytes).toBe(32 * kib);
      size.worked(size.bytes, 1, minutes * 60_000);
      expect(size.bytes).toBe(64 * kib);
    }
  });

  test('T10: several that fail together count as one; below 16 KiB it is not the size', () => {
    const size = new BodySize();
    for (let i = 0; i < 4; i++) expect(size.refused(64 * kib, 0)).toBe(true);
    expect(size.bytes).toBe(32 * kib);
    expect(size.refused(17 * kib, 0)).toBe(true);
    expect([size.bytes, size.refused(16 * kib, 0)]).toEqual([16 * kib, false]);
  });
});

describe('the hold', () => {
  test('T8: is shortened by a cut, never below half a second, and doubled again after ten minutes without', () => {
    const hold = new HoldTime();
    expect(hold.at(0)).toBe(15_000);
    hold.cut(10_000, 1000);
    expect(hold.at(1000)).toBe(7500);
    hold.cut(100, 2000);
    expect(hold.at(601_999)).toBe(500);
    expect([hold.at(602_000), hold.at(602_001), hold.at(1_202_000)]).toEqual([1000, 1000, 2000]);
    for (let i = 3; i < 9; i++) hold.at(602_000 + i * 600_000);
    expect(hold.at(1e9)).toBe(15_000);
  });

  test('a longer wait than the present one shortens nothing', () => {
    const hold = new HoldTime(5000);
    hold.cut(60_000, 0);
    expect(hold.at(0)).toBe(5000);
  });
});

describe('a hop that lets requests wait for each other', () => {
  test('shows by two requests in a row that are answered right after a poll at the end of its hold', () => {
    const hop = new SerialHop();
    for (const at of [1000, 3000]) {
      expect(hop.at(at)).toBe(false);
      hop.pollExpired(at);
      hop.answered(900, at + 40);
    }
    expect([hop.at(3041), hop.at(602_000), hop.at(604_000)]).toEqual([true, true, false]);
  });

  test('does not show by requests that are quick, or slow by themselves', () => {
    const hop = new SerialHop();
    for (let at = 1000; at < 20_000; at += 1000) {
      hop.pollExpired(at);
      hop.answered(150, at + 20);
      hop.answered(900, at + 500);
    }
    expect(hop.at(20_000)).toBe(false);
  });

  test('shows by two requests that are late while a poll is held, but not by one', () => {
    const hop = new SerialHop();
    hop.late(5000);
    hop.refute();
    hop.late(20_000);
    expect(hop.at(20_000)).toBe(false);
    hop.late(40_000);
    expect(hop.at(40_000)).toBe(true);
  });
});
