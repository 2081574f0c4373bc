import { expect, test } from 'vitest';
import { createAnswerFuzz } from './answers.js';
import { type Case, type Fuzz, runCases } from './cases.js';
import { createRequestFuzz } from './requests.js';

/** Seeds are new in each run; `FUZZ_SEED` repeats one. `npm run stress` does the same for longer. */
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);

async function expectNoFailure<C extends Case>(starting: Promise<Fuzz<C>>): Promise<ReadonlyMap<string, number>> {
  const fuzz = await starting;
  const { failure, kinds } = await runCases(fuzz, 2000, seed);
  await fuzz.close();
  expect(failure).toBe(undefined);
  return kinds;
}

test('requests: the gateway is nowhere more lenient than Node, and an origin sees what was sent', async () => {
  const kinds = await expectNoFailure(createRequestFuzz());
  // A fuzz that meets faults alone, or none, would prove nothing.
  expect(kinds.get('all arrived')).toBeGreaterThan(300);
  expect(kinds.get('some arrived')).toBeGreaterThan(100);
  expect(kinds.get('none arrived, refused by Node too')).toBeGreaterThan(200);
});

test('answers: one for each request, and none that Node would read otherwise', async () => {
  const kinds = await expectNoFailure(createAnswerFuzz());
  expect(kinds.get('whole')).toBeGreaterThan(300);
  expect(kinds.get('broken off')).toBeGreaterThan(50);
  expect(kinds.get('refused')).toBeGreaterThan(300);
});
