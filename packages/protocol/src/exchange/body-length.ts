/** Compares a body with its `Content-Length`, for either side of an exchange. */
export class BodyLength {
  /** What the head announced; -1 when nothing. */
  #expected = -1;
  #seen = 0;

  /** Starts again. `expected` is -1 when the length is not known. */
  expect(expected: number): void {
    this.#expected = expected;
    this.#seen = 0;
  }

  /** Counts; false when the body has become too long. */
  add(bytes: number): boolean {
    this.#seen += bytes;
    return this.#expected < 0 || this.#seen <= this.#expected;
  }

  /** Whether the body may end here. */
  get complete(): boolean {
    return this.#expected < 0 || this.#seen === this.#expected;
  }
}
