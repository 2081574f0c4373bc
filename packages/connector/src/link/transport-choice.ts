import type { Dialler } from './dialler.js';

/**
 * Which transport to dial next: what worked last with a gateway, else each in turn, the surest first. The last of them is
 * the best: it is tried beside a session that runs on another one.
 */
export class TransportChoice {
  readonly #diallers: readonly [Dialler, ...Dialler[]];
  readonly #worked = new Map<string, Dialler>();
  readonly #failures = new Map<string, number>();

  constructor(diallers: readonly [Dialler, ...Dialler[]]) {
    this.#diallers = diallers;
  }

  get best(): Dialler {
    return this.#diallers.at(-1)!;
  }

  next(gateway: string): Dialler {
    return this.#worked.get(gateway) ?? this.#diallers[(this.#failures.get(gateway) ?? 0) % this.#diallers.length]!;
  }

  worked(gateway: string, dialler: Dialler): void {
    this.#worked.set(gateway, dialler);
    this.#failures.delete(gateway);
  }

  /** It did not work, or not for long. */
  failed(gateway: string): void {
    if (!this.#worked.delete(gateway)) this.#failures.set(gateway, (this.#failures.get(gateway) ?? 0) + 1);
  }
}
