/** A failure that its one line explains: printed without a stack, exit code 1. Anything else that is thrown is a bug of the benchmark. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}
