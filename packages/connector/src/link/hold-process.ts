const longestIntervalMs = 0x7fff_ffff;

/** Keeps the process alive until `closed` resolves: a service must not end because its gateway is down. */
export function holdProcess(closed: Promise<unknown>): void {
  const hold = setInterval(() => {}, longestIntervalMs);
  closed.then(() => clearInterval(hold));
}
