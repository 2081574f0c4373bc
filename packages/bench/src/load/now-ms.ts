/** The monotonic clock, which all threads share. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
