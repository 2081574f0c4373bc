import type { Clock } from '@reverse-http/protocol/session';

/** The machine's monotonic clock. Its timers keep no process alive. */
export const nodeClock: Clock = {
  now: () => performance.now(),
  setTimer(fn, ms) {
    const timer = setTimeout(fn, ms).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
