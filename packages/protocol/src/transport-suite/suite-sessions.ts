import { latin1Bytes } from '../http1/index.js';
import { WindowPool } from '../mux/index.js';
import { Slab } from '../pipe/index.js';
import { type Clock, Session, type SessionOptions } from '../session/index.js';
import { Echo } from './echo.js';
import { Echoing } from './echoing.js';
import type { TransportPair } from './transport-pair.js';

/** What has not happened by then will not, ms. */
const patienceMs = 15_000;

/** A gateway's session and a connector's, that wait for transports. */
export class SuiteSessions {
  readonly gateway: Session;
  readonly connector: Session;
  /** Requests that came to the connector. */
  accepted = 0;
  readonly #waiting = new Set<() => void>();
  readonly #clock: Clock;
  #tags = 0;

  constructor(clock: Clock, defer: (fn: () => void) => void) {
    this.#clock = clock;
    const slab = new Slab();
    const common = {
      id: 'n.s',
      clock,
      defer,
      random: () => 0.5,
      slab,
      keepAliveMs: 15_000,
      resumeMs: 30_000,
      onStateChanged: () => this.#notify(),
    } satisfies Partial<SessionOptions>;
    this.gateway = new Session({ ...common, opener: true, dials: false, windows: new WindowPool() });
    this.connector = new Session({
      ...common,
      opener: false,
      onStream: (stream) => {
        this.accepted++;
        this.#notify();
        return new Echoing(stream);
      },
    });
  }

  /** Both ends go on over these. */
  attach(pair: TransportPair): void {
    const { receivedOffset } = this.gateway;
    this.gateway.attach(pair.gateway, this.connector.receivedOffset);
    this.connector.attach(pair.connector, receivedOffset);
  }

  /** Opens a stream that says so many bytes. */
  say(bytes: number, consumes = true): Echo {
    const echo = new Echo(++this.#tags, bytes, () => this.#notify());
    echo.consumes = consumes;
    const stream = this.gateway.mux.open(echo);
    if (!stream) throw new Error('no stream');
    echo.stream = stream;
    stream.sendHead(latin1Bytes(`head ${stream.id}`), bytes === 0);
    if (bytes > 0) stream.sendBody(echo);
    return echo;
  }

  /**
   * Waits until something that happens makes it true.
   *
   * @throws Error after {@link patienceMs}, with what was waited for.
   */
  until(what: string, condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (condition()) settle(resolve);
      };
      const settle = (then: () => void): void => {
        timer.cancel();
        this.#waiting.delete(look);
        then();
      };
      const timer = this.#clock.setTimer(
        () => settle(() => reject(new Error(`${what}: not within ${patienceMs / 1000} s`))),
        patienceMs,
      );
      this.#waiting.add(look);
      look();
    });
  }

  /** Why both ended. */
  get ends(): readonly string[] {
    return [this.gateway.state, this.connector.state].map((state) =>
      state.state === 'closed' ? state.reason.code : state.state,
    );
  }

  close(): void {
    this.gateway.close('closed');
    this.connector.close('closed');
  }

  #notify(): void {
    for (const look of [...this.#waiting]) look();
  }
}
