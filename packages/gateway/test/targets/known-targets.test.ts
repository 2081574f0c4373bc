import { expect, test } from 'vitest';
import { createKnownTargets } from '../../src/targets/known-targets.js';

test('names count, patterns do not; the list is read anew when it is old', () => {
  let now = 0;
  const patterns = ['Line-4', 'b-*'];
  const nameOf = createKnownTargets(
    () => patterns,
    () => now,
  );
  expect([nameOf('line-4'), nameOf('b-*'), nameOf('c')]).toEqual(['Line-4', undefined, undefined]);
  patterns.push('C');
  expect(nameOf('c')).toBeUndefined();
  now = 1000;
  expect(nameOf('c')).toBe('C');
});
