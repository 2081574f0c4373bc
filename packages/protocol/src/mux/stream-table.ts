/** What stands in a {@link StreamTable}. */
export interface Numbered {
  readonly id: number;
}

const firstCapacity = 16;

/**
 * Streams by their id. Not a `Map`: one whose entries come and go is copied again and again, and V8's copies refer to
 * each other, so that once one of them is old, all streams of the copies after it outlive their use; at 45,000 exchanges
 * a second that was a tenth of the gateway's time in the garbage collector.
 */
export class StreamTable<T extends Numbered> {
  #slots: (T | undefined)[] = new Array<T | undefined>(firstCapacity).fill(undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    const slots = this.#slots;
    const mask = slots.length - 1;
    // Ids grow by one, so their low bits spread evenly; what collides stands in the next free slot.
    for (let at = slotOf(id, mask); ; at = (at + 1) & mask) {
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
    let hole = slotOf(id, mask);
    while (slots[hole]?.id !== id) {
      if (slots[hole] === undefined) return false;
      hole = (hole + 1) & mask;
    }
    // Close the gap, or what collided with the entry would not be found any more.
    for (let at = (hole + 1) & mask; slots[at] !== undefined; at = (at + 1) & mask) {
      const home = slotOf(slots[at]!.id, mask);
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = slots[at];
      hole = at;
    }
    slots[hole] = undefined;
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
    let at = slotOf(entry.id, mask);
    while (slots[at] !== undefined) at = (at + 1) & mask;
    slots[at] = entry;
  }

  #resize(capacity: number): void {
    const entries = this.values();
    this.#slots = new Array<T | undefined>(capacity).fill(undefined);
    for (const entry of entries) this.#place(entry);
  }
}

/** Ids go beyond 2^32, where bit operations alone would fold negative. */
function slotOf(id: number, mask: number): number {
  return (id % 0x1_0000_0000) & mask;
}
