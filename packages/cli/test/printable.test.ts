import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeLine } from '../src/io.js';
import { styleFor } from '../src/output/style.js';
import { formatTable } from '../src/output/table.js';
import { printable } from '../src/printable.js';
import { type Bench, createBench } from './support/rhttp.js';

/** Moves the cursor up and clears the line, in both spellings; turns the text; makes a second line. */
const evil = 'a\u001b[1A\u001b[2Kb\u009b2Kc\u202ed\u2028e\nf';
const harmless = 'a\\u001b[1A\\u001b[2Kb\\u009b2Kc\\u202ed\\u2028e\\u000af';

let written: string;
const output = { isTTY: true, write: (text: string) => (written += text) };
beforeEach(() => {
  written = '';
});

test('what a terminal would act on is written out, all else stays', () => {
  expect(printable(evil)).toBe(harmless);
  expect(printable('naïve 文字\tñ ~')).toBe('naïve 文字\tñ ~');
  const text = JSON.stringify({ text: evil });
  expect(printable(text)).not.toMatch(/[\u009b\u202e]/);
  expect(JSON.parse(printable(text))).toEqual({ text: evil });
});

test('a line has our colours, and no sequence of others', () => {
  const { red } = styleFor(output, { env: {} } as never);
  writeLine(output, `${red(`no \u001b[39m${evil}`)} ${evil}`);
  expect(written).toBe(`\u001b[31mno \\u001b[39m${harmless}\u001b[39m ${harmless}\n`);
});

test('columns are as wide as what is shown', () => {
  const cells = [
    ['\u001b', 'x'],
    ['abcdef', 'y'],
  ];
  expect(formatTable(cells)).toEqual(['\\u001b  x', 'abcdef  y']);
});

let bench: Bench | undefined;
afterEach(() => bench?.end());

test('names that a connector chose reach no terminal as they are', async () => {
  bench = createBench();
  const gateway = await bench.gateway();
  const args = ['connect', '1', '--target', 'A', '--replica', evil.slice(0, 12), '--label', `host=${evil}`];
  await bench.start([...args, '--json']).json({ event: 'ready' });
  expect((await bench.run(['status'])).out).toMatch(/^A +a\\u001b\[1A\\u001b\[2Kb/m);
  const other = bench.start(['connect', '1', '--target', 'A', '--gateway', gateway.url]);
  await other.line(/^A is shared with replica a\\u001b\[1A\S+ on host a\\u001b/);
});
