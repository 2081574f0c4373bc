import { expect, it } from 'vitest';
import { gatherOutput } from '../src/output/gather-output.js';

const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('writes the lines of one turn in one piece, in order', async () => {
  const written: string[] = [];
  const output = gatherOutput({ write: (text) => written.push(text) });
  output.write('one\n');
  output.write('two\n');
  expect(written).toEqual([]);
  await endOfTurn();
  expect(written).toEqual(['one\ntwo\n']);
  output.write('three\n');
  await endOfTurn();
  await endOfTurn();
  expect(written).toEqual(['one\ntwo\n', 'three\n']);
});

it('keeps no more than 64 KiB back', async () => {
  const written: string[] = [];
  const output = gatherOutput({ write: (text) => written.push(text) });
  const line = `${'x'.repeat(1023)}\n`;
  for (let i = 0; i < 200; i++) output.write(line);
  expect(written.map(({ length }) => length)).toEqual([64 * 1024, 64 * 1024, 64 * 1024]);
  await endOfTurn();
  expect(written.join('')).toBe(line.repeat(200));
});

it('writes what it keeps when it is told to, once', async () => {
  const written: string[] = [];
  const output = gatherOutput({ write: (text) => written.push(text) });
  output.write('one\n');
  output.flush();
  expect(written).toEqual(['one\n']);
  await endOfTurn();
  expect(written).toEqual(['one\n']);
});
