/**
 * A budget that receive windows grow from. One for each session and one for the process; an empty pool means that a
 * window stays as it is, never that a stream stalls. Serves as well for whatever else is counted for a whole process:
 * streams, bytes held out of order.
 */
export class WindowPool {
  #free: number;
  readonly #parent: WindowPool | undefined;

  /**
   * @param amount Bytes, or whatever is counted. Default 32 MiB.
   * @param parent Asked as well.
   */
  constructor(amount: number = 32 * 1024 * 1024, parent?: WindowPool) {
    this.#free = amount;
    this.#parent = parent;
  }

  /** What {@link take} can get. */
  get free(): number {
    return this.#parent ? Math.min(this.#free, this.#parent.free) : this.#free;
  }

  /** Takes `amount`, or nothing. */
  take(amount: number): boolean {
    if (this.#free < amount || (this.#parent && !this.#parent.take(amount))) return false;
    this.#free -= amount;
    return true;
  }

  /** Gives back what was taken. */
  give(amount: number): void {
    this.#free += amount;
    this.#parent?.give(amount);
  }
}
