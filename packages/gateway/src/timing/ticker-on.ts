import type { Clock } from '@reverse-http/protocol/session';
import type { Ticker } from './timer-wheel.js';

/** A {@link Ticker} by the timers of a clock: for one that moves when it is told to. A real one would lose time with each tick. */
export function tickerOn(clock: Clock): Ticker {
  return (fn, ms) => {
    const tick = (): void => {
      timer = clock.setTimer(tick, ms);
      fn();
    };
    let timer = clock.setTimer(tick, ms);
    return () => timer.cancel();
  };
}
