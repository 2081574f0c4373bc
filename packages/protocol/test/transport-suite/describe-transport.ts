import type { Clock } from '@reverse-http/protocol/session';
import { type TransportSuiteOptions, transportCases } from '@reverse-http/protocol/transport-suite';
import { describe, test } from 'vitest';

/** The system's time; its timers keep no process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(fn, ms) {
    const timer = setTimeout(fn, ms).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The suite for one of our transports. */
export function describeTransport(name: string, createPair: TransportSuiteOptions['createPair']): void {
  describe(`transport: ${name}`, () => {
    for (const { name, run } of transportCases) {
      test(name, () => run({ createPair, clock: systemClock, defer: (fn) => void setImmediate(fn) }));
    }
  });
}
