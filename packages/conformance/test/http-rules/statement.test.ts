import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** docs/http.md says what we do about each rule; this is what keeps it from saying more than the tests show. */
const root = fileURLToPath(new URL('../../../..', import.meta.url));
const page = readFileSync(join(root, 'docs/http.md'), 'utf8');
const rows = [...page.matchAll(/^\| R(\d+) \| ([^|]*) \| (.*) \|$/gm)].map(([, number, state, text]) => ({
  rule: `R${number}`,
  number: Number(number),
  state: state!,
  text: text!,
}));

/** The rules that tests name, in their titles or the rows of their tables; not those that a comment speaks of. */
function namedRules(): Set<string> {
  const named = new Set<string>();
  for (const name of readdirSync(join(root, 'packages'))) {
    const folder = join(root, 'packages', name, 'test');
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.test.ts') || file.endsWith('statement.test.ts')) continue;
      const code = readFileSync(join(folder, file), 'utf8').replaceAll(/^\s*(?:\/?\*|\/\/).*$/gm, '');
      for (const [rule] of code.matchAll(/\bR\d+\b/g)) named.add(rule);
    }
  }
  return named;
}

test('each rule stands on the page once, in its order', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 95 }, (_, i) => i + 1));
});

test('each says whether it is kept, and what is done', () => {
  for (const { rule, state, text } of rows) {
    expect(['kept', 'differs', 'not applicable'], rule).toContain(state);
    expect(text.length, rule).toBeGreaterThan(20);
  }
});

test('each rule that is not kept has its reason; they are few', () => {
  const others = rows.filter(({ state }) => state === 'differs');
  for (const { rule, text } of others) expect(text, rule).toMatch(/: (?:a|it|one) \w+/);
  expect(others.length).toBeLessThan(5);
});

test('each rule that applies is the name of a test', () => {
  const named = namedRules();
  const applying = rows.filter(({ state }) => state !== 'not applicable').map(({ rule }) => rule);
  expect(applying.filter((rule) => !named.has(rule))).toEqual([]);
});
