/** What stands in a {@link StreamTable}. */
export interface Numbered {
  readonly id: number;
}

const firstCapacity = 4;

/**
 * Streams by their id. Not a `Map`: one whose entries come and go is copied again and again, and V8's copies refer to
 * each other, so that once one of them is old, all streams of the copies after it outlive their use; at 45,000 exchanges
 * a second that was a tenth of the gateway's time in the garbage collector.
 */
export class StreamTable<T extends Numbered> {
  #slots: (T | undefined)[] = new Array<T | undefined>(firstCapacity).fill(undefined);
  #size = 0;
  /** Entries that do not stand where their id says. Mostly none, for ids that are open together are neighbours. */
  #strayed = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    const slots = this.#slots;
    const mask = slots.length - 1;
    // Ids grow by one, so their low bits spread evenly; what collides stands in the next free slot. (They go beyond 2^32: a
    // bit operation takes the low bits of those as well.)
    for (let at = id & mask; ; at = (at + 1) & mask) {
      const found = slots[at];
      if (found === undefined || found.id === id) return found;
    }
  }

  /** Takes an entry in whose id is not there yet. */
  add(entry: T): void {
    if (this.#size * 2 >= this.#slots.length) this.#resize(this.#slots.length * 2);
    this.#place(entry);
    this.#size++;
  }

  /** Takes an entry out; false when there is none. */
  delete(id: number): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = id & mask;
    while (slots[at]?.id !== id) {
      if (slots[at] === undefined) return false;
      at = (at + 1) & mask;
    }
    if (at !== (id & mask)) this.#strayed--;
    if (this.#strayed > 0) this.#closeGap(at);
    else slots[at] = undefined;
    this.#size--;
    if (this.#size === 0 && slots.length > firstCapacity * 16) this.#resize(firstCapacity);
    return true;
  }

  /** All entries, as they are now. */
  values(): T[] {
    return this.#slots.filter((entry) => entry !== undefined);
  }

  #place(entry: T): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const home = entry.id & mask;
    let at = home;
    while (slots[at] !== undefined) at = (at + 1) & mask;
    slots[at] = entry;
    if (at !== home) this.#strayed++;
  }

  /** Moves up what strayed beyond `gap`, or it would not be found any more. */
  #closeGap(gap: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hole = gap;
    for (let at = (hole + 1) & mask; slots[at] !== undefined; at = (at + 1) & mask) {
      const home = slots[at]!.id & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = slots[at];
      if (hole === home) this.#strayed--;
      hole = at;
    }
    slots[hole] = undefined;
  }

  #resize(capacity: number): void {
    const entries = this.values();
    this.#slots = new Array<T | undefined>(capacity).fill(undefined);
    this.#strayed = 0;
    for (const entry of entries) this.#place(entry);
  }
}
