/**
 * Shows a map's entries in another form, made when they are looked at: nothing is kept, and what was looked at before
 * does not change.
 */
export class LiveMap<S, T> implements ReadonlyMap<string, T> {
  readonly #find: (key: string) => S | undefined;
  readonly #all: () => Iterable<S>;
  readonly #show: (source: S) => readonly [string, T] | undefined;

  /**
   * @param find The source of a key.
   * @param all All sources.
   * @param show Key and value of a source; undefined for one that is not shown.
   */
  constructor(
    find: (key: string) => S | undefined,
    all: () => Iterable<S>,
    show: (source: S) => readonly [string, T] | undefined,
  ) {
    this.#find = find;
    this.#all = all;
    this.#show = show;
  }

  get(key: string): T | undefined {
    const source = this.#find(key);
    return source === undefined ? undefined : this.#show(source)?.[1];
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  get size(): number {
    let size = 0;
    for (const _ of this) size++;
    return size;
  }

  *entries(): MapIterator<[string, T]> {
    for (const source of this.#all()) {
      const shown = this.#show(source);
      if (shown) yield [shown[0], shown[1]];
    }
  }

  *keys(): MapIterator<string> {
    for (const [key] of this) yield key;
  }

  *values(): MapIterator<T> {
    for (const [, value] of this) yield value;
  }

  forEach(callback: (value: T, key: string, map: ReadonlyMap<string, T>) => void, thisArg?: unknown): void {
    for (const [key, value] of this) callback.call(thisArg, value, key, this);
  }

  [Symbol.iterator](): MapIterator<[string, T]> {
    return this.entries();
  }
}
