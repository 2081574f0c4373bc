import type { Clock, Timer, Welcome } from '@reverse-http/protocol/session';
import { BackOff, upgradePolicy } from './back-off.js';
import type { DialledTransport } from './dialler.js';
import type { GreetingHandler } from './greeting.js';

/** Parts of an {@link Upgrade}. */
export interface UpgradeOptions {
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Says hello by the best transport; the result gives up. */
  readonly greet: (handler: GreetingHandler) => () => void;
  /** The best transport was welcomed. */
  readonly onWelcome: (welcome: Welcome, transport: DialledTransport) => void;
}

/** Tries the best transport beside one that carries the session already: at once, then ever more rarely. */
export class Upgrade {
  readonly #options: UpgradeOptions;
  readonly #waits: BackOff;
  #timer: Timer | undefined;
  #hangUp: (() => void) | undefined;

  constructor(options: UpgradeOptions) {
    this.#options = options;
    this.#waits = new BackOff(upgradePolicy, options.random, () => options.clock.now());
  }

  /** Tries, when it is time to. */
  begin(): void {
    this.stop();
    this.#timer = this.#options.clock.setTimer(() => this.#try(), this.#waits.next());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#hangUp?.();
    this.#timer = this.#hangUp = undefined;
  }

  /** A session ran well: the next try is made at once. */
  reset(): void {
    this.#waits.reset();
  }

  #try(): void {
    const again = (): void => this.begin();
    this.#hangUp = this.#options.greet({
      onWelcome: (welcome, transport) => {
        this.#hangUp = undefined;
        this.#options.onWelcome(welcome, transport);
      },
      onRefused: again,
      onFailed: again,
    });
  }
}
