import { expect, it } from 'vitest';
import { readBudgets } from '../src/budgets.js';
import { nameOf } from '../src/row.js';
import { ROWS } from '../src/rows.js';

it('gives every row a name of its own', () => {
  const names = ROWS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

it('compares only what its row measures', () => {
  const stray = ROWS.flatMap(({ subjects, comparisons }) =>
    comparisons
      .flatMap(({ subject, against = subject }) => [subject, against])
      .filter((name) => !subjects.includes(name)),
  );
  expect(stray).toEqual([]);
});

it('has a comparison for every budget', () => {
  const unused = Object.entries(readBudgets()).flatMap(([row, limits]) => {
    const compared = ROWS.find(({ name }) => name === row)?.comparisons.map(nameOf) ?? [];
    return Object.keys(limits).filter((name) => !compared.includes(name));
  });
  expect(unused).toEqual([]);
});
