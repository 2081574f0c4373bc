// Taken before anybody fakes it: what is awaited here are turns of the event loop as it is.
import { setImmediate } from 'node:timers';
import { type Clock, createManualClock } from '@reverse-http/protocol/session';

/**
 * Time of a test: it stands still until it is told to move. One such clock drives both ends, the gateway and every
 * connector that was given it.
 */
export interface TestClock extends Clock {
  /**
   * Moves time on by `ms`. What becomes due on the way happens at its moment, and what follows from it (bytes that
   * travel, handlers that answer) before the next: when the promise resolves, all of it has happened, as {@link settle} says.
   *
   * @throws RangeError where `ms` is no time that passes: below 0, or without an end.
   */
  advance(ms: number): Promise<void>;
  /**
   * Resolves when nothing moves any more without time moving: no byte travels, and nobody has anything left to do. What a
   * handler waits for outside (a file, a database) is not seen; await that as ever.
   */
  settle(): Promise<void>;
  /** Milliseconds since 1970 by this clock: when the test began, and what time moved since. */
  epochMs(): number;
  /**
   * Moves time on, from timer to timer, until a promise that hangs on nothing else has settled; comes to what it came to.
   *
   * @throws Error when it has not after an hour of the clock.
   * @example
   * await gateway.clock.until(connection.close());
   */
  until<Result>(promise: Promise<Result>): Promise<Result>;
}

/** A {@link TestClock} as the kit's own parts see it. */
export interface ObservedClock extends TestClock {
  /** Something moved. */
  touch(): void;
}

/** So many turns of the event loop in a row without anything moving are quiet: a handler's promises and streams take a few. */
const quietTurns = 12;
/** Turns waited for at most: what never ends by itself, as a stream without an end, is not waited for. */
const maxTurns = 1000;
/** Whatever has not come until then does not hang on time, ms. */
const longestMs = 3_600_000;

/** A test that says what cannot be would wait for ever, or try nothing. */
export function expectAmount(name: string, value: number): void {
  if (!(value >= 0 && value < Infinity)) throw new RangeError(`${name}: ${value} is not a number from 0 on`);
}

/** A clock that stands at 0. */
export function createTestClock(): ObservedClock {
  const manual = createManualClock();
  const beganAt = Date.now();
  let moves = 0;

  async function settle(): Promise<void> {
    let seen = moves;
    for (let turn = 0, quiet = 0; turn < maxTurns && quiet < quietTurns; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      quiet = moves === seen ? quiet + 1 : 0;
      seen = moves;
    }
  }

  return {
    now: () => manual.now(),
    epochMs: () => beganAt + manual.now(),
    setTimer: (fn, ms) => manual.setTimer(fn, ms),
    touch() {
      moves++;
    },
    settle,
    async advance(ms) {
      expectAmount('ms', ms);
      const until = manual.now() + ms;
      await settle();
      while (manual.step(until)) await settle();
      manual.advance(until - manual.now());
    },
    async until(promise) {
      let isOver = false;
      const end = (): void => {
        isOver = true;
      };
      promise.then(end, end);
      const latest = manual.now() + longestMs;
      await settle();
      while (!isOver && manual.step(latest)) await settle();
      if (!isOver) throw new Error('the promise has not settled, although an hour passed');
      return promise;
    },
  };
}
