/**
 * Shows a map's entries in another form, made when they are looked at: nothing is kept, and what was looked at before
 * does not change.
 */
export class LiveMap<S extends object, T> implements ReadonlyMap<string, T> {
  readonly #find: (key: string) => S | undefined;
  readonly #all: () => Iterable<S>;
  readonly #keyOf: (source: S) => string;
  readonly #show: (source: S) => T;

  /**
   * @param find The source of a key; undefined where there is nothing to show.
   * @param all All sources that are to be shown.
   */
  constructor(
    find: (key: string) => S | undefined,
    all: () => Iterable<S>,
    keyOf: (source: S) => string,
    show: (source: S) => T,
  ) {
    this.#find = find;
    this.#all = all;
    this.#keyOf = keyOf;
    this.#show = show;
  }

  get(key: string): T | undefined {
    const source = this.#find(key);
    return source && this.#show(source);
  }

  has(key: string): boolean {
    return this.#find(key) !== undefined;
  }

  get size(): number {
    let size = 0;
    for (const _ of this.#all()) size++;
    return size;
  }

  *entries(): MapIterator<[string, T]> {
    for (const source of this.#all()) yield [this.#keyOf(source), this.#show(source)];
  }

  *keys(): MapIterator<string> {
    for (const source of this.#all()) yield this.#keyOf(source);
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
