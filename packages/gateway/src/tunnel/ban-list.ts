/** Bans kept at a time; the oldest go first. */
const maxBans = 10_000;

/** Who was sent away for a while: a whole target, or one replica of it. */
export class BanList {
  readonly #until = new Map<string, number>();
  readonly #now: () => number;

  /** @param now Milliseconds of any clock that does not go back. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param replica Undefined: every one. @param forMs 0: nobody is sent away. */
  add(target: string, replica: string | undefined, forMs: number): void {
    if (forMs <= 0) return;
    const now = this.#now();
    const key = keyOf(target, replica);
    this.#until.delete(key);
    this.#until.set(key, now + forMs);
    for (const [oldest, until] of this.#until) {
      if (until > now && this.#until.size <= maxBans) break;
      this.#until.delete(oldest);
    }
  }

  /** How much longer it lasts for a replica of a target, ms; 0 for one that is welcome. */
  left(target: string, replica: string): number {
    if (this.#until.size === 0) return 0;
    const until = Math.max(
      this.#until.get(keyOf(target, undefined)) ?? 0,
      this.#until.get(keyOf(target, replica)) ?? 0,
    );
    return Math.max(0, Math.ceil(until - this.#now()));
  }
}

function keyOf(target: string, replica: string | undefined): string {
  return `${target.toLowerCase()}${replica === undefined ? '' : ` ${replica}`}`;
}
