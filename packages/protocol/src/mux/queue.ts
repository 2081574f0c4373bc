/** A list that grew beyond this is given back once it is empty. */
const maxKeptCapacity = 1024;

/** A first-in first-out list that costs nothing while it is empty and no allocation per entry once it has grown. */
export class Queue<T> {
  #items: (T | undefined)[] = [];
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    const items = this.#items;
    if (this.#length === items.length) this.#grow();
    this.#items[(this.#first + this.#length) & (this.#items.length - 1)] = item;
    this.#length++;
  }

  /** The oldest entry, left where it is. */
  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#items[this.#first];
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#items[this.#first];
    this.#items[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#items.length - 1);
    this.#length--;
    if (this.#length === 0 && this.#items.length > maxKeptCapacity) this.clear();
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#first = this.#length = 0;
  }

  #grow(): void {
    const grown = new Array<T | undefined>(Math.max(8, this.#items.length * 2));
    for (let i = 0; i < this.#length; i++) grown[i] = this.#items[(this.#first + i) & (this.#items.length - 1)];
    this.#items = grown;
    this.#first = 0;
  }
}
