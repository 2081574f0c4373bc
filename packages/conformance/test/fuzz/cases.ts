/** A case: what is sent, in which pieces, and what else there is to choose. */
export interface Case {
  readonly text: string;
  readonly cuts: readonly number[];
  /** What else is chosen, as the case shows it. */
  readonly how: string;
}

/** What came of a case. */
export interface Outcome {
  /** What is wrong; undefined when all is well. */
  readonly failure?: string;
  /** What it is counted as. */
  readonly kind: string;
}

/** A kind of case that is tried many times. */
export interface Fuzz<C extends Case> {
  readonly name: string;
  make(seed: number): C;
  run(sent: C): Promise<Outcome>;
  close(): Promise<void>;
}

/** Figures of a run. */
export interface Report {
  readonly cases: number;
  readonly kinds: ReadonlyMap<string, number>;
  /** The first failure, as one would be told of it. */
  readonly failure: string | undefined;
}

/** Cases under way at a time. */
export const abreast = 24;

/** Shorter ones are looked for this often. */
const maxTries = 300;

/** Runs cases of the seeds from `seed` on, until one fails. */
export async function runCases<C extends Case>(fuzz: Fuzz<C>, cases: number, seed: number): Promise<Report> {
  const kinds = new Map<string, number>();
  let next = 0;
  let failed: { seed: number; failure: string } | undefined;
  async function runLane(): Promise<void> {
    while (next < cases && failed === undefined) {
      const own = seed + next++;
      const { failure, kind } = await fuzz.run(fuzz.make(own));
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      if (failure !== undefined) failed ??= { seed: own, failure };
    }
  }
  await Promise.all(Array.from({ length: abreast }, runLane));
  const failure = failed && (await describeFailure(fuzz, failed.seed, failed.failure));
  return { cases: next, kinds, failure };
}

async function describeFailure<C extends Case>(fuzz: Fuzz<C>, seed: number, failure: string): Promise<string> {
  const whole = fuzz.make(seed);
  const again = await fuzz.run(whole);
  const smallest = again.failure === undefined ? undefined : await shrink(fuzz, whole);
  return [
    `${fuzz.name}: seed ${seed}, ${whole.how}, cut at ${JSON.stringify(whole.cuts)}: ${failure}`,
    `bytes: ${JSON.stringify(whole.text)}`,
    smallest ? `smallest: ${JSON.stringify(smallest.text)}: ${(await fuzz.run(smallest)).failure}` : 'not seen again',
  ].join('\n');
}

/** Takes pieces out, larger ones first, while it still fails. */
async function shrink<C extends Case>(fuzz: Fuzz<C>, whole: C): Promise<C> {
  let smallest: C = { ...whole, cuts: [] };
  if ((await fuzz.run(smallest)).failure === undefined) return whole;
  let tries = 0;
  for (let size = whole.text.length >> 1; size > 0 && tries < maxTries; size >>= 1) {
    for (let at = 0; at < smallest.text.length && tries < maxTries; tries++) {
      const text = smallest.text.slice(0, at) + smallest.text.slice(at + size);
      const shorter = { ...smallest, text };
      if ((await fuzz.run(shorter)).failure !== undefined) smallest = shorter;
      else at += size;
    }
  }
  return smallest;
}
