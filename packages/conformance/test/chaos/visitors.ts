import { createPool, type Plan, planOf } from './plan.js';
import type { Problem } from './problem.js';
import { Visitor } from './visit.js';

/** An exchange that was not as planned. */
export interface Failure extends Problem {
  readonly number: number;
  readonly plan: Plan;
  readonly from: number;
  readonly to: number;
}

export interface VisitorsOptions {
  readonly url: string;
  readonly seed: number;
  readonly requests: number;
  readonly visitors: number;
}

/** What failed so often shows nothing new by failing more, and each may take a minute. */
const enoughFailures = 20;

/** Many visitors, who make so many exchanges in all. */
export class Visitors {
  readonly inFlight: Set<number> = new Set();
  readonly failures: Failure[] = [];
  readonly over: Promise<void>;
  readonly #options: VisitorsOptions;
  readonly #pool: Buffer;
  #waiting: { readonly count: number; readonly done: () => void }[] = [];
  #begun = 0;
  #done = 0;

  constructor(options: VisitorsOptions) {
    this.#options = options;
    this.#pool = createPool(options.seed);
    const all = Array.from({ length: options.visitors }, (_, i) => this.#visitOnAndOn(`192.0.2.${i % 256}`));
    this.over = Promise.all(all).then(() => {});
  }

  get done(): number {
    return this.#done;
  }

  /** Resolves when so many exchanges have ended. */
  reached(count: number): Promise<void> {
    if (this.#done >= count) return Promise.resolve();
    return new Promise((done) => this.#waiting.push({ count, done }));
  }

  async #visitOnAndOn(address: string): Promise<void> {
    const { seed, url, requests } = this.#options;
    const visitor = new Visitor(url, address, this.#pool);
    while (this.#begun < requests && this.failures.length < enoughFailures) {
      const number = ++this.#begun;
      const plan = planOf(seed, number);
      const from = performance.now();
      this.inFlight.add(number);
      const problem = await visitor.visit(number, plan);
      this.inFlight.delete(number);
      if (problem) this.failures.push({ ...problem, number, plan, from, to: performance.now() });
      this.#done++;
      this.#tell();
    }
    visitor.close();
  }

  #tell(): void {
    const isReached = ({ count }: { count: number }): boolean => this.#done >= count;
    if (!this.#waiting.some(isReached)) return;
    const reached = this.#waiting.filter(isReached);
    this.#waiting = this.#waiting.filter((each) => !isReached(each));
    for (const { done } of reached) done();
  }
}
