import type { Clock } from '@reverse-http/protocol/session';

/** Node's clock. Its timers keep no process alive: what a connection needs for that, `connect()` holds. */
export const nodeClock: Clock = {
  now: () => performance.now(),
  setTimer(fn, ms) {
    const timer = setTimeout(fn, ms).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
