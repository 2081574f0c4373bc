/** What a run did, so that one can see that it reached everything. */
export class Statistics {
  steps = 0;
  exchanges = 0;
  finished = 0;
  refused = 0;
  failed = 0;
  bytes = 0;
  messages = 0;
  cuts = 0;
  lost = 0;
  doubled = 0;
  reordered = 0;
  resumes = 0;
  silent = 0;
  takeovers = 0;
  fences = 0;
  timeouts = 0;
  blocked = 0;
  held = 0;
  grown = 0;
  polling = 0;
  tooLarge = 0;

  add(other: Statistics): void {
    for (const name of Object.keys(other) as (keyof Statistics)[]) {
      if (name !== 'add') this[name] += other[name] as number;
    }
  }
}
